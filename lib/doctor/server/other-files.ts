import { dirname, join } from 'node:path'
import { readDotenv } from '../../config/dotenv.ts'
import { pickSet, type Reading, sourcesOf, VARIABLES } from '../../config/environment.ts'
import type { Found } from '../finding.ts'
import type { ServerCode } from './texts.ts'

/** Names that other programs read, or an editor gives: told of as they stand here, where no key can be in them. */
const UNREAD = [
  '.env.local', '.env.production', '.env.production.local', '.env.prod', '.env.development', '.env.development.local', '.env.dev',
  '.env.docker', '.env.txt', '.envrc', 'env', '.env/.env', 'config/.env', 'configs/.env'
]
/** How many folders above are looked into. */
const LEVELS = 4

/** Looks for keys in files that nobody reads, where there are none in what is read. */
export function examineOtherFiles ({ environment }: Reading): Found<ServerCode>[] {
  if (environment.API_AUTH === 'off' || sourcesOf(environment).length > 0) return []
  const folder = process.cwd()
  const beside = UNREAD.flatMap(file => {
    const name = sourceIn(join(folder, file))
    return name === undefined ? [] : [{ code: 'dotenv_unread', params: { name, file } } as const]
  })
  return [...beside, ...examineAbove(folder)]
}

/** A server that is started in another folder than usual finds no `.env` there. */
function examineAbove (folder: string): Found<ServerCode>[] {
  let above = folder
  for (let level = 0; level < LEVELS; level++) {
    above = dirname(above)
    const name = sourceIn(join(above, '.env'))
    if (name !== undefined) return [{ code: 'dotenv_elsewhere', params: { name, above, folder } }]
  }
  return []
}

/** Names the source of keys that a file sets, if it does. */
function sourceIn (file: string): string | undefined {
  try {
    return sourcesOf(pickSet(readDotenv(VARIABLES, file).variables))[0]
  } catch {
    return undefined
  }
}
