import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { FST_DBGPT_AUTH_ENVIRONMENT } from '../errors.ts'
import { trimBlanks } from '../keys/key-list.ts'

/** The variables that name a source of keys. */
export const KEY_SOURCES = ['API_KEYS', 'API_KEYS_FILE', 'API_KEYS_REDIS_URL'] as const

/** All variables that are read. */
export const VARIABLES = [...KEY_SOURCES, 'API_AUTH', 'NODE_ENV'] as const

/** The values of the variables that are set, without blanks around them. */
export type Environment = Readonly<Partial<Record<typeof VARIABLES[number], string>>>

type Variables = Readonly<Record<string, string | undefined>>

/** Picks the variables that are set, each from the first place where it is: a blank one must not hide one in `.env`. */
export function pickSet (...places: readonly Variables[]): Environment {
  return Object.fromEntries(VARIABLES.flatMap(name => {
    const value = places.map(place => trimBlanks(place[name] ?? '')).find(Boolean)
    return value === undefined ? [] : [[name, value]]
  }))
}

/**
 * Reads the file `.env` in the working directory, if there is one.
 *
 * @throws `FST_DBGPT_AUTH_ENVIRONMENT`
 */
export function readDotenv (): Variables {
  try {
    return parseEnv(readFileSync('.env', 'utf8'))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return {}
    throw new FST_DBGPT_AUTH_ENVIRONMENT(`.env cannot be read, ${message}`)
  }
}
