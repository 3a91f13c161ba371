import type { Settings } from './settings.ts'

const CHAT = '{"model":"echo","stream":true,"messages":[{"role":"user","content":"Hello, who are you?"}]}'

/**
 * Says where the gateway listens, what is behind it, whether it asks for keys, and what to try.
 *
 * @param url - where it listens
 * @param settings - what it was told
 * @param isOn - whether it asks for keys
 * @returns lines of text, without a key
 */
export function announce (url: string, { HOST, DBGPT_URL }: Settings, isOn: boolean): string {
  const everywhere = HOST === '0.0.0.0' || HOST === '::' ? ', and on every other address of this machine' : ''
  const key = isOn ? ' -H "Authorization: Bearer $API_KEY"' : ''
  return [
    `Listening on ${url}${everywhere}`,
    DBGPT_URL === '' ? 'In front of a small stand-in for DB-GPT: set DBGPT_URL to the real one' : `In front of ${DBGPT_URL}`,
    `Authentication is ${isOn ? 'on' : 'off: no API keys are configured, or API_AUTH is off'}`,
    '',
    `Open ${url}/flows${isOn ? ' and log in with one of your keys' : ''}, or try${isOn ? ', with the key in API_KEY' : ''}:`,
    `  curl -i ${url}/v1/models${key}`,
    `  curl -i ${url}/api/v2/serve/awel/flows${key}`,
    `  curl -N ${url}/v1/chat/completions${key} -H 'Content-Type: application/json' -d '${CHAT}'`,
    ...isOn ? [`  curl -i ${url}/v1/models  # without a key: 401`] : [],
    ...isOn ? [] : ['', 'To see it with keys on: export API_KEYS=$(node dist/cli/bin.js generate --quiet); echo $API_KEYS; npm start'],
    ''
  ].join('\n')
}
