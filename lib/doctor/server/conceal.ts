import { existsSync } from 'node:fs'
import { isIP } from 'node:net'
import { dirname, resolve } from 'node:path'

/** Where a host has not been found, or nobody knows. */
const NOBODY = /\((?:ENOTFOUND|EAI_AGAIN|ETIMEDOUT|Connection timeout|Socket timeout)/

/** Where keys are said to be. */
export interface Place {
  readonly file?: string | undefined
  readonly url?: string | undefined
  /** What names it; by default its variable. */
  readonly by?: '--store'
}

/**
 * Takes the name of a key file and of a Redis out of a text where there is none of that name: somebody may have written
 * a key or a password there.
 */
export function conceal (text: string, { file, url, by }: Place): string {
  const told = file === undefined || existsSync(file) ? text : text.replaceAll(resolve(file), `that ${by ?? 'API_KEYS_FILE'} names`)
  const host = url !== undefined && URL.canParse(url) ? new URL(url).hostname : ''
  if (host === '' || host === 'localhost' || isIP(host.replaceAll(/[[\]]/g, '')) > 0 || !NOBODY.test(text)) return told
  return told.replaceAll(`Redis at ${host}:`, `The Redis that ${by ?? 'API_KEYS_REDIS_URL'} names, at port `)
}

/** Finds the last folder on the way to a file that is there. */
export function folderOf (file: string): string {
  let folder = dirname(resolve(file))
  while (!existsSync(folder)) folder = dirname(folder)
  return folder
}
