import { randomBytes } from 'node:crypto'
import { MARKER } from './app.ts'

/** Makes the text of a key. */
export function makeKey (): string {
  return `dbgpt_${MARKER}_${randomBytes(16).toString('hex')}`
}

/** Picks one of some keys; undefined, there are none. */
export function pickOf (keys: readonly string[]): string | undefined {
  return keys[Math.floor(Math.random() * keys.length)]
}
