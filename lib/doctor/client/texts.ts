import type { Entry } from '../finding.ts'

/** What can be found at a URL. */
export const CLIENT_TEXTS = {
  'key-unknown': {
    severity: 'error',
    en: { message: 'The server does not know the key.', fix: 'Send one of its keys.' },
    zh: { message: '服务器不认识这个密钥。', fix: '请改用该服务器认可的密钥。' }
  }
} as const satisfies Record<string, Entry>

export type ClientCode = keyof typeof CLIENT_TEXTS
