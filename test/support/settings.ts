import { pickSet } from '../../lib/config/environment.ts'
import { readOptions } from '../../lib/config/options.ts'
import { resolveSettings, type Settings } from '../../lib/config/settings.ts'
import type { DbgptAuthOptions } from '../../lib/index.ts'

export type Variables = Readonly<Record<string, string>>

type Resolved = Settings & { readonly warnings: readonly unknown[] }

/** Decides what to run with, by nothing but these options and variables; returns what was warned of, too. */
export function resolve (options: DbgptAuthOptions, variables: Variables): Resolved {
  const warnings: unknown[] = []
  const warn = (...warning: unknown[]): void => { warnings.push(warning.at(-1)) }
  return { ...resolveSettings(readOptions(options), pickSet(variables), { warn }), warnings }
}
