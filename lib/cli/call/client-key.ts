import { type Dotenv, readDotenv } from '../../config/dotenv.ts'
import { VARIABLES } from '../../config/environment.ts'
import { trimBlanks } from '../../keys/key-list.ts'
import type { Found } from '../../doctor/finding.ts'
import type { ServerCode } from '../../doctor/server/texts.ts'
import { failureOf } from '../../doctor/server/start.ts'
import { readText } from './read-key.ts'
import type { Call, Streams } from './types.ts'

/** Where clients have their keys. */
const CLIENT_VARIABLES = ['DBGPT_API_KEY', 'OPENAI_API_KEY']
/** How long to wait for a key that nobody has said to be there, in milliseconds: a parent may leave a pipe open. */
const PATIENCE_MS = 1000

/** The key of a client as it stands there, and what is odd about that place. */
interface ClientKey {
  readonly key: string | undefined
  readonly found: readonly Found<ServerCode>[]
}

/**
 * Reads the key that a client would send: with `--stdin` from there, else of a variable, in the environment or in
 * `.env`, else from what is piped in.
 */
export async function clientKeyOf ({ values, streams: { stdin, env } }: Call): Promise<ClientKey> {
  if (values.stdin === true) return { key: withoutLineEnd(await readText(stdin)), found: [] }
  const { variables, remarks, found } = dotenv()
  for (const name of CLIENT_VARIABLES) {
    if (isSet(env[name])) return { key: env[name], found }
    if (!isSet(variables[name])) continue
    const cut = remarks.find(remark => remark.kind === 'cut' && remark.name === name)
    return { key: variables[name], found: cut === undefined ? found : [...found, { code: 'dotenv_comment', params: { name, line: cut.line } }] }
  }
  return { key: await piped(stdin), found }
}

function isSet (value = ''): boolean {
  return trimBlanks(value) !== ''
}

/** What is wrong with `.env` keeps nobody from looking at a URL, but is told. */
function dotenv (): Dotenv & Pick<ClientKey, 'found'> {
  try {
    return { ...readDotenv(VARIABLES), found: [] }
  } catch (error) {
    return { variables: {}, remarks: [], found: [failureOf(error as Error, {})] }
  }
}

async function piped (stdin: Streams['stdin']): Promise<string | undefined> {
  if (stdin.isTTY === true) return undefined
  const text = await readText(stdin, PATIENCE_MS)
  // What is still waited for would keep the process.
  stdin.destroy?.()
  return isSet(text) ? withoutLineEnd(text) : undefined
}

function withoutLineEnd (text: string): string {
  return text.replace(/\r?\n$/, '')
}
