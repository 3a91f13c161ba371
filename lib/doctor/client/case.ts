import type { Asker } from './asker.ts'
import type { KeyText } from './key-text.ts'
import type { Show } from './secrets.ts'

/** What is looked at by one way. */
export interface Case {
  readonly asker: Asker
  readonly key: KeyText
  readonly origin: string | undefined
  readonly show: Show
}
