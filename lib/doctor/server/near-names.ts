import { KEY_SOURCES, type Reading, sourcesOf, VARIABLES } from '../../config/environment.ts'
import { steps } from '../../config/nearest.ts'
import type { Variables } from '../../config/dotenv.ts'
import { trimBlanks } from '../../keys/key-list.ts'

/** Without case and what stands between words. */
const NEAR: Readonly<Record<string, typeof VARIABLES[number]>> = {
  APIKEY: 'API_KEYS',
  DBGPTAPIKEYS: 'API_KEYS',
  DBGPTKEYS: 'API_KEYS',
  APIKEYSLIST: 'API_KEYS',
  APIKEYFILE: 'API_KEYS_FILE',
  APIKEYSPATH: 'API_KEYS_FILE',
  DBGPTAPIKEYSFILE: 'API_KEYS_FILE',
  APIKEYSREDIS: 'API_KEYS_REDIS_URL',
  APIKEYREDISURL: 'API_KEYS_REDIS_URL',
  APIKEYAUTH: 'API_AUTH',
  APIAUTHMODE: 'API_AUTH',
  APIKEYUSAGE: 'API_KEYS_USAGE',
  ...Object.fromEntries(VARIABLES.map(name => [plain(name), name]))
}
const PRODUCTION = 'production'
const PRODUCTION_TOO = ['prod', 'prd', 'live']

/** A variable that nobody reads, and the one that was most likely meant. */
export interface NearName {
  readonly name: string
  readonly meant: string
}

/** Finds the variables that were most likely meant to be ours, where ours are not set. */
export function nearNames ({ environment, dotenv }: Reading, env: Variables): NearName[] {
  const names = [env, dotenv].flatMap(place => Object.keys(place).filter(name => trimBlanks(place[name] ?? '') !== ''))
  const hasKeys = sourcesOf(environment).length > 0
  const isUnset = (meant: string): boolean => hasKeys && (KEY_SOURCES as readonly string[]).includes(meant)
    ? false
    : environment[meant as keyof typeof environment] === undefined
  return [...new Set(names)].flatMap(name => {
    const meant = meantBy(name)
    return meant === undefined || !isUnset(meant) ? [] : [{ name, meant }]
  })
}

/** Tells whether NODE_ENV was most likely meant to be production, and is not. */
export function isNearProduction (text: string): boolean {
  const lower = text.toLowerCase().replaceAll(/["'`]/g, '')
  return lower !== PRODUCTION && (PRODUCTION_TOO.includes(lower) || isNear(lower, PRODUCTION) || lower.startsWith('productio'))
}

/** What is told of a name is so near to one of ours that no key can be in it. */
function meantBy (name: string): string | undefined {
  if ((VARIABLES as readonly string[]).includes(name) || name.length > 30) return undefined
  const bare = plain(name)
  return Object.hasOwn(NEAR, bare) ? NEAR[bare] : VARIABLES.find(variable => isNear(name.toUpperCase(), variable))
}

function plain (name: string): string {
  return name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '')
}

/** One letter is another, too many or missing, or two have changed places. */
function isNear (a: string, b: string): boolean {
  const count = steps(a.slice(0, 30), b)
  return count === 1 || (count === 2 && [...a].sort().join('') === [...b].sort().join(''))
}
