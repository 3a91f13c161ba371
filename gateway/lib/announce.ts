import type { Settings } from './settings.ts'

const JSON_TYPE = '-H \'Content-Type: application/json\''
const STAND_IN_CHAT = '{"model":"echo","stream":true,"messages":[{"role":"user","content":"Hello, who are you?"}]}'
const DBGPT_CHAT = '{"model":"<one of your models>","stream":true,"messages":"Hello, who are you?"}'
/** DB-GPT's pages as they are served: without the last slash, it answers with a redirect. */
const PAGES = ['/construct/app/', '/construct/flow/', '/construct/database/', '/construct/dbgpts/', '/chat/']

/**
 * Says where the gateway listens, what is behind it, whether it asks for keys, and what to try.
 *
 * @param url - where it listens
 * @param settings - what it was told
 * @param isOn - whether it asks for keys
 * @param trouble - what is wrong with DB-GPT
 * @returns lines of text, without a key
 */
export function announce (url: string, { HOST, DBGPT_URL }: Settings, isOn: boolean, trouble?: string): string {
  const everywhere = HOST === '0.0.0.0' || HOST === '::' ? ', and on every other address of this machine' : ''
  const isStandIn = DBGPT_URL === ''
  // Where the gateway is not installed, npx would look for a package dbgpt-auth, which is somebody else's to publish.
  const [start, auth] = process.env.npm_lifecycle_event === 'start'
    ? ['npm start', 'npx dbgpt-auth']
    : ['npx dbgpt-gateway', 'npx -p dbgpt-gateway dbgpt-auth']
  return [
    `Listening on ${url}${everywhere}`,
    isStandIn ? 'In front of a small stand-in for DB-GPT: set DBGPT_URL to the real one' : `In front of DB-GPT at ${DBGPT_URL}`,
    ...trouble === undefined ? [] : [`But ${trouble}`],
    `Authentication is ${isOn ? 'on' : 'off: no API keys are configured, or API_AUTH is off'}`,
    '',
    `Open ${url}/${isStandIn ? 'flows' : ''}${isOn ? ' and log in with one of your keys' : ''}${isStandIn ? '' : ` (${PAGES.join(', ')})`}`,
    `Or try${isOn ? ', with the key in API_KEY' : ''}:`,
    ...commands(url, isStandIn, isOn).map(command => `  ${command}`),
    ...isOn ? [] : ['', `To see it with keys on: export API_KEY=$(${auth} generate --quiet); echo $API_KEY; API_KEYS=$API_KEY ${start}`],
    ''
  ].join('\n')
}

function commands (url: string, isStandIn: boolean, isOn: boolean): readonly string[] {
  const key = isOn ? ' -H "Authorization: Bearer $API_KEY"' : ''
  const chat = isStandIn ? '/v1/chat/completions' : '/api/v2/chat/completions'
  const flows = `curl -i ${url}/api/v2/serve/awel/flows`
  return [
    ...isStandIn ? [`curl -i ${url}/v1/models${key}`] : [],
    `${flows}${key}`,
    `curl -N ${url}${chat}${key} ${JSON_TYPE} -d '${isStandIn ? STAND_IN_CHAT : DBGPT_CHAT}'`,
    ...isOn ? [`${flows}  # without a key: 401`] : []
  ]
}
