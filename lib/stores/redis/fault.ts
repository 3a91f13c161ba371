import { isIP } from 'node:net'
import { AT_FIRST, REASONS } from './reasons.ts'

const ROWS = REASONS.map(reason => ({ reason, pattern: new RegExp(`(?<!\\w)(?:${reason[0]})(?!\\w)`) }))
const REFUSAL = /^[A-Z]{3,} /
const FORBIDDEN = /\((?:NOPERM|user executing the script)\)/

/**
 * Says what is wrong with a Redis, and what to do. Nothing of a client's error is passed on but known words: its text
 * and its fields can hold the URL, or the arguments of a command, and with them a password.
 *
 * @param error - what a client has thrown, or has told of
 * @param untried - how the client connects, if no answer has come yet
 */
export function explain (error: unknown, untried?: keyof typeof AT_FIRST): string {
  return reasonOf(error, untried) ?? (isRefusal(error)
    ? 'it refuses, for a reason that is not known here: see what redis-cli says'
    : 'the connection failed: see whether redis-cli can connect from here')
}

/** Says the same of errors that are known, and of no other. */
export function reasonOf (error: unknown, untried?: keyof typeof AT_FIRST): string | undefined {
  const row = ROWS[rankOf(error)]
  if (row === undefined) return undefined
  const [, what, wayOut] = (untried && AT_FIRST[untried][row.reason[0]]) ?? row.reason
  const [word] = row.pattern.exec(textOf(error)) as RegExpExecArray
  return `${what} (${word}${placeOf(error)})${wayOut === undefined ? '' : `: ${wayOut}`}`
}

/** Returns the error that tells more, if there is one already; of two that tell as much, the first. */
export function moreTelling (a: unknown, b: unknown): unknown {
  return a === undefined || rankOf(b) < rankOf(a) ? b : a
}

/** Tells whether Redis has answered that it will not do something; else nobody knows whether it did. */
export function isRefusal (error: unknown): boolean {
  return REFUSAL.test(String(Object(error).message))
}

/** Tells whether an error that is explained is that the user has no right to something: then nothing was done. */
export function isForbidden (error: unknown): boolean {
  return FORBIDDEN.test((error as Error).message)
}

/** How much an error tells: 0, the most. */
function rankOf (error: unknown): number {
  const rank = ROWS.findIndex(({ pattern }) => pattern.test(textOf(error)))
  return rank === -1 ? ROWS.length : rank
}

/** Anything may be thrown, and emitted. */
function textOf (error: unknown): string {
  const { code, message } = Object(error) as { code?: unknown, message?: unknown }
  return [code, message, error].filter(text => typeof text === 'string').join(' ')
}

/** Names the server, as only clients of several do not know it before. */
function placeOf (error: unknown): string {
  const { address, port } = Object(error) as { address?: unknown, port?: unknown }
  return isIP(String(address)) > 0 && Number.isInteger(port) ? ` ${String(address)}:${String(port)}` : ''
}
