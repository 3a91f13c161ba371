import type { KeyStoreLog } from '../types.ts'
import type { Options } from './options.ts'
import type { Settings } from './settings.ts'

/** Says in one line of the log whether requests are checked, and why; where they are not, how to change that. */
export function announce (
  settings: Settings, { addHook, errorFormat }: Pick<Options, 'addHook' | 'errorFormat'>, log: Pick<KeyStoreLog, 'info' | 'warn'>
): void {
  if (!settings.on) {
    const check = addHook ? '' : ' and fastify.verifyApiKey passes every request'
    return log.warn(`API key authentication is off${check}: ${settings.why}`)
  }
  const { source, store: { size } } = settings
  // A store of the app's own need not say how many it has, and may say what is no number.
  const keys = Number.isSafeInteger(size) ? size : undefined
  const count = keys === undefined ? 'keys' : keys === 1 ? '1 key' : `${keys} keys`
  const [name, format] = typeof errorFormat === 'function' ? ['function', 'chosen by a function'] : [errorFormat, errorFormat]
  const check = addHook ? '' : ', for what calls fastify.verifyApiKey alone'
  log.info({ source, keys, errorFormat: name }, `API key authentication is on: ${count} from ${source}, error format ${format}${check}`)
}
