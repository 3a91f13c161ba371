import { type Agent, get } from 'node:http'

/** How long an answer may take: a bound, so that a failing test ends. */
const TIMEOUT_MS = 20_000

/** Sends a request with a key, and returns the status of the answer. */
export async function statusOf (url: string, key: string, agent: Agent): Promise<number> {
  return await new Promise((resolve, reject) => {
    const options = { agent, timeout: TIMEOUT_MS, headers: { authorization: `Bearer ${key}` } }
    const request = get(`${url}/v1/models`, options, answer => {
      answer.resume().on('end', () => resolve(answer.statusCode as number)).on('error', reject)
    })
    request.on('error', reject).on('timeout', () => request.destroy(new Error('no answer')))
  })
}
