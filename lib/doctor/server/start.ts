import { checkEnvironment, type Environment } from '../../config/environment.ts'
import { readOptions } from '../../config/options.ts'
import { resolveSettings, type Settings } from '../../config/settings.ts'
import { closeStore, openStore } from '../../stores/shared.ts'
import type { KeyStoreLog } from '../../types.ts'
import type { Found } from '../finding.ts'
import { conceal, folderOf } from './conceal.ts'
import { START_TEXTS } from './texts-start.ts'
import type { ServerCode } from './texts.ts'

/** As long as Fastify waits for a plugin, in milliseconds. */
const PATIENCE_MS = 10_000

/**
 * Starts what a server would start, by the same code, and ends it again.
 *
 * @param look - looks at what is on, while it is
 * @returns why it does not start, if it does not, and what was seen
 */
export async function start (
  environment: Environment, log: KeyStoreLog, look: (settings: Settings) => Promise<Found<ServerCode>[]>
): Promise<Found<ServerCode>[]> {
  try {
    await check(environment)
    const settings = resolveSettings(readOptions({}), environment, log)
    if (!settings.on) return await look(settings)
    await openStore(settings.store, log, PATIENCE_MS)
    return await look(settings).finally(async () => await closeStore(settings.store, log))
  } catch (error) {
    return [{ code: 'fact_fails' }, failureOf(error as Error & { code?: string }, environment)]
  }
}

async function check (environment: Environment): Promise<void> {
  const { default: Fastify } = await import('fastify')
  const app = Fastify()
  await checkEnvironment(app, environment).finally(async () => await app.close())
}

/** Says why a server does not start. */
export function failureOf (
  { code = '', message }: Error & { readonly code?: string }, environment: Partial<Environment>
): Found<ServerCode> {
  const known = Object.hasOwn(START_TEXTS, code) ? code as keyof typeof START_TEXTS : 'start_failed'
  // An error that is not ours may quote what it was given.
  const detail = known === 'start_failed' ? `an error that is not known here${/^\w{1,40}$/.test(code) ? ` (${code})` : ''}` : conceal(message, { file: environment.API_KEYS_FILE, url: environment.API_KEYS_REDIS_URL })
  return { code: known, params: { detail, folder: folderOf(environment.API_KEYS_FILE ?? '') } }
}
