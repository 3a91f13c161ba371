import type { Variables } from '../../config/dotenv.ts'
import { type Environment, KEY_SOURCES, type Reading, type Remark, sourcesOf, VARIABLES } from '../../config/environment.ts'
import { isProduction } from '../../config/settings.ts'
import type { Found } from '../finding.ts'
import { mistakeKindOf, mistakeOf } from '../../keys/miswritten.ts'
import { isNearProduction, nearNames } from './near-names.ts'
import { examineOtherFiles } from './other-files.ts'
import type { ServerCode } from './texts.ts'

// Where a quote stands at one end alone, one was forgotten, or the other end is lost.
const QUOTE_AT_AN_END = /^["'`]|["'`]$/
// What a shell or a template would have filled in: "~/", "$HOME", "${…}", "$(…)", "%…%", "{{…}}".
const UNFILLED = /^~[\w-]*\/|^\$[A-Z_]|\$[{(][^})]*[})]|^%\w+%|\{\{.*\}\}/
const SEMICOLONS = /^[\w.~+/:=-]+(?:;[\w.~+/:=-]+)+;?$/
const CODES = {
  mark: 'dotenv_mark',
  'no-file': 'dotenv_no_file',
  off: 'dotenv_off',
  twice: 'dotenv_twice',
  cut: 'dotenv_comment',
  rest: 'dotenv_rest',
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
    ...VARIABLES.flatMap(name => examineValue(name, environment[name])),
    ...blankSources(reading, env).map(name => ({ code: 'value_blank', params: { name } }) as const),
    ...nearNames(reading, env).map(params => ({ code: 'near_name', params: { ...params } }) as const),
    ...isNearProduction(environment.NODE_ENV ?? '') ? [{ code: 'node_env_near' } as const] : [],
    ...examineOtherFiles(reading)
  ]
}

/** What is odd about a line of `.env` that is of no use is nobody's business here. */
function matters ({ kind, name }: Remark & { readonly name: string }, { environment, origins }: Reading): boolean {
  if (kind === 'off') return (KEY_SOURCES as readonly string[]).includes(name) && sourcesOf(environment).length === 0
  return ['mark', 'no-file', 'blank', 'differs'].includes(kind) ||
    ((VARIABLES as readonly string[]).includes(name) && origins[name as keyof Environment] !== 'environment')
}

function isQuoted (value = ''): boolean {
  return mistakeKindOf(value) === 'quotes'
}

function examineValue (name: keyof Environment, value = ''): Found<ServerCode>[] {
  if (isQuoted(value)) return []
  if (QUOTE_AT_AN_END.test(value)) return [{ code: 'value_half_quoted', params: { name } }]
  if (name !== 'API_KEYS') return UNFILLED.test(value) ? [{ code: 'value_unfilled', params: { name } }] : []
  return SEMICOLONS.test(value) && mistakeOf(value) === undefined ? [{ code: 'keys_semicolons' }] : []
}

/** Names the sources of keys that are set to nothing, where none is set to anything: Compose makes that of what it lacks. */
function blankSources ({ environment, dotenv }: Reading, env: Variables): string[] {
  if (environment.API_AUTH === 'off' || sourcesOf(environment).length > 0) return []
  return KEY_SOURCES.filter(name => [env, dotenv].some(place => Object.hasOwn(place, name) && place[name] !== undefined))
}
