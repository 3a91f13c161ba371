import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ApiKeyEvent } from './types.ts'

/**
 * Subscribes to one of the diagnostics channels `dbgpt-auth:accepted` and `dbgpt-auth:rejected`, of every app of the
 * process.
 *
 * @param listener - is called before the request goes on; what it throws ends the process, as Node has it
 * @returns ends the subscription
 * @throws a TypeError for any other name
 * @example
 * const unsubscribe = subscribeApiKeys('accepted', ({ apiKey }) => count(apiKey?.id))
 */
export function subscribeApiKeys (name: 'accepted' | 'rejected', listener: (event: ApiKeyEvent) => void): () => void {
  if (name !== 'accepted' && name !== 'rejected') throw new TypeError('There are the channels "accepted" and "rejected"')
  const onMessage = (event: unknown): void => { listener(event as ApiKeyEvent) }
  subscribe(`dbgpt-auth:${name}`, onMessage)
  return () => { unsubscribe(`dbgpt-auth:${name}`, onMessage) }
}
