import type { Entry } from '../finding.ts'
import { FACT_TEXTS } from './texts-facts.ts'
import { READING_TEXTS } from './texts-reading.ts'
import { START_TEXTS } from './texts-start.ts'
import { STORE_TEXTS } from './texts-store.ts'

/** What can be found of a server that is started here. */
export const SERVER_TEXTS = {
  ...READING_TEXTS, ...START_TEXTS, ...STORE_TEXTS, ...FACT_TEXTS
} as const satisfies Record<string, Entry>

export type ServerCode = keyof typeof SERVER_TEXTS
