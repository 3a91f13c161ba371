import { readDotenv, type Variables } from '../../config/dotenv.ts'
import { type Environment, KEY_SOURCES, type Reading, type Remark, VARIABLES } from '../../config/environment.ts'
import { isProduction } from '../../config/settings.ts'
import type { Found } from '../finding.ts'
import { isNearProduction, nearNames } from './near-names.ts'
import type { ServerCode } from './texts.ts'

const QUOTED = /^(["'`])[^]*\1$/
const CODES = {
  mark: 'dotenv_mark',
  'no-file': 'dotenv_no_file',
  twice: 'dotenv_twice',
  cut: 'dotenv_comment',
  blank: 'blank_in_environment',
  differs: 'differs_in_environment'
} as const satisfies Record<Remark['kind'], ServerCode>

/** Says which variables decide, and where each is set. */
export function factsOf ({ environment, origins }: Reading): Found<ServerCode>[] {
  const set = VARIABLES.filter(name => origins[name] !== undefined)
  return [
    ...set.map(name => ({ code: origins[name] === '.env' ? 'fact_dotenv' : 'fact_environment', params: { name } }) as const),
    { code: 'fact_folder', params: { folder: process.cwd() } },
    ...isProduction(environment) ? [{ code: 'fact_production' } as const] : []
  ]
}

/** Says what is odd about the environment and `.env`. */
export function examineReading (reading: Reading, env: Variables): Found<ServerCode>[] {
  const { environment, remarks } = reading
  const quoted = VARIABLES.filter(name => isQuoted(environment[name]))
  return [
    ...remarks.filter(remark => matters(remark, reading)).map(({ kind, ...params }) => ({ code: CODES[kind], params })),
    ...quoted.map(name => ({ code: 'value_quoted', params: { name } }) as const),
    ...nearNames(reading, env).map(params => ({ code: 'near_name', params: { ...params } }) as const),
    ...isNearProduction(environment.NODE_ENV ?? '') ? [{ code: 'node_env_near' } as const] : [],
    ...examineFolderAbove(reading)
  ]
}

/** What is odd about a line of `.env` that is of no use is nobody's business here. */
function matters ({ kind, name }: Remark & { readonly name: string }, { origins }: Reading): boolean {
  return ['mark', 'no-file', 'blank', 'differs'].includes(kind) ||
    ((VARIABLES as readonly string[]).includes(name) && origins[name as keyof Environment] !== 'environment')
}

function isQuoted (value = ''): boolean {
  return value.length > 1 && QUOTED.test(value)
}

/** A server that is started in another folder than usual finds no `.env` there. */
function examineFolderAbove ({ environment, dotenv }: Reading): Found<ServerCode>[] {
  if (KEY_SOURCES.some(name => environment[name] !== undefined) || Object.keys(dotenv).length > 0) return []
  try {
    const { variables } = readDotenv(VARIABLES, '../.env')
    const name = KEY_SOURCES.find(name => variables[name])
    return name === undefined ? [] : [{ code: 'dotenv_elsewhere', params: { name, folder: process.cwd() } }]
  } catch {
    return []
  }
}
