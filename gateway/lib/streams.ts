import type { FastifyInstance } from 'fastify'
import type { ApiKey } from 'fastify-dbgpt-auth'
import { reachesDbgpt } from './scope.ts'

export interface StreamsOptions {
  /** How often the keys of open answers and WebSockets are looked at, in milliseconds. */
  readonly keysEveryMs: number
  /** How often their sessions are, which another instance can have ended, in milliseconds. */
  readonly sessionsEveryMs: number
}

/** A request that was let in, until it is over. */
interface Stream {
  readonly digest: string
  /** The id of its session; undefined, it came with its key. */
  readonly session: string | undefined
  /** Whether it is a WebSocket, or being answered; else it may still be answered, in full or for half a second. */
  readonly hasBegun: () => boolean
  readonly end: () => void
}

/**
 * Ends what outlives the check of its key and session, an answer that is still being streamed or a WebSocket, once one
 * of them is gone.
 *
 * @param app - the gateway
 * @param options - how often to look, where nobody tells
 */
export function watchStreams (app: FastifyInstance, { keysEveryMs, sessionsEveryMs }: StreamsOptions): void {
  const open = new Map<object, Stream>()
  const end = (isMeant: (stream: Stream) => boolean): void => {
    for (const stream of [...open.values()]) if (isMeant(stream)) stream.end()
  }
  const endSession = (id: string): void => end(({ session, hasBegun }) => session === id && hasBegun())

  // As soon as a request is let in: what happens to its key from then on is not missed.
  app.addHook('onRequest', async ({ raw, apiKey, session }, reply) => {
    const { socket } = raw
    const isUpgrade = raw.headers.upgrade !== undefined
    // What was switched to another protocol lasts as long as its socket.
    const lasting = isUpgrade ? socket : reply.raw
    if (apiKey === null || lasting.destroyed || open.has(lasting)) return
    open.set(lasting, {
      digest: apiKey.digest,
      session: session?.id,
      hasBegun: () => isUpgrade || reply.raw.headersSent,
      end: () => socket.destroy()
    })
    lasting.once('close', () => open.delete(lasting))
  })

  app.sessions.onEnd(endSession)
  const stopListening = app.apiKeys.onChange?.(({ revoked, changed }) => {
    const gone = new Set([...revoked, ...changed.filter(isOver)].map(key => key.digest))
    end(({ digest }) => gone.has(digest))
  })
  const stopKeys = every(keysEveryMs, async () => {
    for (const { digest, end } of [...open.values()]) if (await isKeyGone(app, digest)) end()
  })
  const stopSessions = every(sessionsEveryMs, async () => {
    const ids = new Set([...open.values()].flatMap(({ session }) => session ?? []))
    await Promise.all([...ids].map(async id => { if (await isSessionGone(app, id)) endSession(id) }))
  })
  app.addHook('onClose', async () => {
    stopListening?.()
    stopKeys()
    stopSessions()
  })
}

/** Does something again and again, and not before it is done; returns what ends that. */
function every (ms: number, work: () => Promise<void>): () => void {
  const next = (): NodeJS.Timeout => setTimeout(() => { work().finally(() => { if (!isOver) timer = next() }) }, ms).unref()
  let isOver = false
  let timer = next()
  return () => {
    isOver = true
    clearTimeout(timer)
  }
}

// While nobody knows, what has been let in goes on.

async function isKeyGone (app: FastifyInstance, digest: string): Promise<boolean> {
  try {
    const key = await app.apiKeys.find(digest)
    return key == null || isOver(key)
  } catch {
    return false
  }
}

async function isSessionGone (app: FastifyInstance, id: string): Promise<boolean> {
  try {
    return await app.sessions.find(id) === undefined
  } catch {
    return false
  }
}

/** Tells whether a key is good no more, by its time or its scopes. */
function isOver (key: { readonly [Field in 'expiresAt' | 'scopes']?: ApiKey[Field] | null }): boolean {
  return (key.expiresAt != null && key.expiresAt.getTime() <= Date.now()) || !reachesDbgpt(key)
}
