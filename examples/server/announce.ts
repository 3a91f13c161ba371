import type { FastifyInstance } from 'fastify'
import type { Settings } from './app.ts'

const CHAT = '{"model":"echo","stream":true,"messages":[{"role":"user","content":"Hello, who are you?"}]}'

/**
 * Says where the server listens, whether it asks for keys, and what to try.
 *
 * @param app - the server, which listens
 * @param url - where
 * @returns lines of text, without a key
 */
export async function announce (app: FastifyInstance, url: string): Promise<string> {
  const { HOST, API_AUTH, API_KEYS_FILE, API_KEYS_REDIS_URL } = app.getEnvs<Settings>()
  const everywhere = HOST === '0.0.0.0' || HOST === '::' ? ', and on every other address of this machine' : ''
  // Asked, rather than worked out once more: what counts is what a client without a key gets.
  const on = (await app.inject('/v1/models')).statusCode !== 200
  const keySource = API_KEYS_REDIS_URL.trim() !== ''
    ? 'the Redis that API_KEYS_REDIS_URL names'
    : API_KEYS_FILE.trim() !== '' ? 'the file that API_KEYS_FILE names' : 'API_KEYS'
  return [
    `Listening on ${url}${everywhere}`,
    `Authentication is ${on ? `on: keys come from ${keySource}` : `off: ${whyOff(API_AUTH)}`}`,
    '',
    on ? 'Try, with one of your keys in the variable API_KEY:' : 'Try:',
    ...commands(url, on).map(command => `  ${command}`),
    ''
  ].join('\n')
}

function whyOff (apiAuth: string): string {
  return apiAuth.trim() === 'off' ? 'API_AUTH is off' : 'no API keys are configured, set API_KEYS to turn it on'
}

function commands (url: string, on: boolean): readonly string[] {
  const key = on ? ' -H "Authorization: Bearer $API_KEY"' : ''
  return [
    `curl -i ${url}/health`,
    `curl -i ${url}/v1/models${key}`,
    `curl -i ${url}/api/v2/serve/awel/flows${key}`,
    `curl -N ${url}/v1/chat/completions${key} -H 'Content-Type: application/json' -d '${CHAT}'`,
    ...on ? [`curl -i ${url}/v1/models  # without a key: 401`] : []
  ]
}
