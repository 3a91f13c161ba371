import type { Entry } from '../finding.ts'
import { ANSWER_TEXTS } from './texts-answer.ts'
import { AUTH_TEXTS } from './texts-auth.ts'
import { CONNECTION_TEXTS } from './texts-connection.ts'
import { KEY_TEXTS } from './texts-key.ts'
import { PROXY_TEXTS } from './texts-proxy.ts'
import { REFUSAL_TEXTS } from './texts-refusal.ts'

/** All that can be said of a URL, by its code. */
export const CLIENT_TEXTS = {
  ...CONNECTION_TEXTS, ...KEY_TEXTS, ...REFUSAL_TEXTS, ...AUTH_TEXTS, ...ANSWER_TEXTS, ...PROXY_TEXTS
} satisfies Record<string, Entry>

export type ClientCode = keyof typeof CLIENT_TEXTS
