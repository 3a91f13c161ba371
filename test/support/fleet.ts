import { randomBytes } from 'node:crypto'
import { Agent, get } from 'node:http'
import net from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { createClient, RESP_TYPES } from '@redis/client'
import type { Test } from 'tap'
import { type LogLine, MARKER } from './app.ts'
import { until } from './files.ts'
import { Program } from './process.ts'
import type { RedisServer } from './redis.ts'

/** How long a client pauses between its requests: the machine must not be what is measured. */
const PAUSE_MS = 5
/** How long an answer may take: a bound, so that a failing test ends. */
const TIMEOUT_MS = 20_000
/** How many requests of a flood are sent in one piece. */
const BATCH = 100
const REFUSED = 'HTTP/1.1 401 Unauthorized\r\n'
const SERVER = `
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import Fastify, { LogController } from 'fastify'
import dbgptAuth from 'fastify-dbgpt-auth'
import { RedisKeyStore } from 'fastify-dbgpt-auth/redis'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc')
const app = Fastify({
  logger: { level: 'warn', stream: process.stderr },
  logController: new LogController({ disableRequestLogging: true })
})
const keys = new RedisKeyStore({ url: process.env.REDIS_URL, graceMs: Number(process.env.GRACE_MS) })
await app.register(dbgptAuth, { keys, logLevel: 'silent' })
app.get('/v1/models', async () => ({ object: 'list', data: [] }))
app.get('/memory', { config: { apiKey: false } }, async () => {
  gc()
  return process.memoryUsage()
})
const url = await app.listen({ host: '127.0.0.1', port: 0 })
app.log.level = 'info'
process.once('SIGTERM', () => app.close())
console.log('Listening on ' + url)
`

/** Starts a small server with a grace period of its own, and a public route that tells how much memory is in use. */
export function startSmallServer (t: Test, redisUrl: string, graceMs: number): Program {
  const cwd = t.testdir({ 'server.mjs': SERVER })
  return new Program(t, `${cwd}/server.mjs`, { cwd, env: { REDIS_URL: redisUrl, GRACE_MS: String(graceMs) } })
}

/** Makes the text of a key. */
export function makeKey (): string {
  return `dbgpt_${MARKER}_${randomBytes(16).toString('hex')}`
}

/** Picks one of some keys; undefined, there are none. */
export function pickOf (keys: readonly string[]): string | undefined {
  return keys[Math.floor(Math.random() * keys.length)]
}

/** Sends a request with a key, and returns the status of the answer. */
export async function statusOf (url: string, key: string, agent: Agent): Promise<number> {
  return await new Promise((resolve, reject) => {
    const options = { agent, timeout: TIMEOUT_MS, headers: { authorization: `Bearer ${key}` } }
    const request = get(`${url}/v1/models`, options, answer => {
      answer.resume().on('end', () => resolve(answer.statusCode as number)).on('error', reject)
    })
    request.on('error', reject).on('timeout', () => request.destroy(new Error('no answer')))
  })
}

/** Which keys are asked with: those in the list, others, and those that were in it. */
export type Kind = 'good' | 'unknown' | 'revoked'

export interface Answer {
  readonly status: number
  readonly sentAt: number
  readonly at: number
}

/** A client of one server: asks over one connection, one request after the other, and remembers every answer. */
export class Client {
  readonly kind: Kind
  readonly answers: Answer[] = []
  readonly #ended: Promise<void>
  #over = false

  /**
   * Starts to ask.
   *
   * @param t - the test, with which it stops
   * @param url - the server
   * @param kind - which keys it asks with
   * @param pick - picks one; undefined, there is none to ask with yet
   */
  constructor (t: Test, url: string, kind: Kind, pick: () => string | undefined) {
    this.kind = kind
    this.#ended = this.#ask(url, pick)
    this.#ended.catch(() => {}) // it is waited for at the end
    t.teardown(async () => await this.stop())
  }

  /** Stops; throws if it could not go on before. */
  async stop (): Promise<void> {
    this.#over = true
    await this.#ended
  }

  async #ask (url: string, pick: () => string | undefined): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    while (!this.#over) {
      const key = pick()
      const sentAt = performance.now()
      if (key !== undefined) this.answers.push({ status: await statusOf(url, key, agent), sentAt, at: performance.now() })
      await pause(PAUSE_MS)
    }
    agent.destroy()
  }
}

/** When a fault began, was noticed by all servers, began to be repaired, and was over for all of them. */
export interface Outage {
  readonly from: number
  readonly noticed: number
  readonly repaired: number
  readonly back: number
}

/** Three clients for each of some servers. */
export class Load {
  readonly #clients: readonly Client[]

  /**
   * Starts the clients.
   *
   * @param t - the test, with which they stop
   * @param urls - the servers
   * @param pick - picks keys
   */
  constructor (t: Test, urls: readonly string[], pick: Readonly<Record<'good' | 'revoked', () => string | undefined>>) {
    const picks = Object.entries({ ...pick, unknown: makeKey })
    this.#clients = urls.flatMap(url => picks.map(([kind, pick]) => new Client(t, url, kind as Kind, pick)))
  }

  /** Stops the clients; throws if one could not go on. */
  async stop (): Promise<void> {
    await Promise.all(this.#clients.map(async client => await client.stop()))
  }

  /** Waits until every client has so many more answers. */
  async more (count: number): Promise<void> {
    const lengths = this.#clients.map(({ answers }) => answers.length)
    await until(() => this.#clients.every(({ answers }, index) => answers.length >= (lengths[index] as number) + count), 30)
  }

  /** Waits until no server answers a kind otherwise any more. */
  async hears (kind: Kind, status: number): Promise<void> {
    const asked = performance.now()
    await until(() => this.#of(kind).every(({ answers }) => {
      const last = answers.at(-1)
      return last !== undefined && last.sentAt > asked && last.status === status
    }), 20)
  }

  /**
   * Makes a fault, waits until all servers have noticed it, repairs it, and waits until all of them are back.
   *
   * @param fault - makes it
   * @param repair - repairs it
   * @param ms - how long it lasts at least
   */
  async outage (fault: () => unknown, repair: () => unknown, ms = 0): Promise<Outage> {
    const from = performance.now()
    await fault()
    await this.hears('unknown', 503)
    const noticed = performance.now()
    await this.more(20)
    await pause(ms - (performance.now() - from))
    const repaired = performance.now()
    await repair()
    await this.hears('unknown', 401)
    const back = performance.now()
    await this.more(20)
    return { from, noticed, repaired, back }
  }

  /** Says how often which kind of key was answered how. */
  counts (): string {
    const counts: Partial<Record<Kind, Record<number, number>>> = {}
    for (const { kind, answers } of this.#clients) {
      const ofKind = counts[kind] ??= {}
      for (const { status } of answers) ofKind[status] = (ofKind[status] ?? 0) + 1
    }
    return JSON.stringify(counts)
  }

  /** Returns the first answers that should have been others, if the list was lost so often. */
  wrong (outages: readonly Outage[]): object[] {
    const all = this.#clients.flatMap(({ kind, answers }) => answers.map(answer => ({ kind, ...answer })))
    return all.filter(({ kind, ...answer }) => !mayBe(kind, answer, outages)).slice(0, 20)
  }

  /** Returns how often the answers of each client to keys that are not in the list changed from 401 to 503. */
  losses (): number[] {
    const isLoss = ({ status }: Answer, index: number, answers: Answer[]): boolean =>
      status === 503 && answers[index - 1]?.status === 401
    return this.#clients.filter(({ kind }) => kind !== 'good').map(({ answers }) => answers.filter(isLoss).length)
  }

  #of (kind: Kind): readonly Client[] {
    return this.#clients.filter(client => client.kind === kind)
  }
}

/** Only while a fault is being noticed, or repaired, may the answer to a key that is not in the list be one or the other. */
function mayBe (kind: Kind, { status, sentAt, at }: Answer, outages: readonly Outage[]): boolean {
  if (kind === 'good') return status === 200
  if (outages.every(({ from, back }) => at < from || sentAt > back)) return status === 401
  if (outages.some(({ noticed, repaired }) => sentAt > noticed && at < repaired)) return status === 503
  return status === 401 || status === 503
}

/** Returns what a server has logged but for refused requests: lines of the log are all that stands in its standard error. */
export function logOf ({ output }: Program): LogLine[] {
  const lines = output.stderr.split('\n').filter(line => line !== '').map(line => JSON.parse(line) as LogLine)
  return lines.filter(({ msg }) => msg !== 'API key rejected')
}

/** Asks with keys that are random, each once, over some connections, as fast as is answered 401. */
export async function flood (url: string, count: number): Promise<void> {
  const { port } = new URL(url)
  let batches = count / BATCH
  const send = (socket: net.Socket): void => {
    const keys = Array.from({ length: BATCH }, makeKey)
    socket.write(keys.map(key => `GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${key}\r\n\r\n`).join(''))
  }
  await Promise.all(Array.from({ length: 4 }, async () => {
    const socket = net.connect(Number(port), '127.0.0.1').setEncoding('latin1')
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('no answer, or another one')))
    if (batches-- > 0) send(socket)
    let [rest, answers] = ['', 0]
    for await (const chunk of socket) {
      const parts = `${rest}${chunk}`.split(REFUSED)
      rest = (parts.at(-1) as string).slice(1 - REFUSED.length)
      answers += parts.length - 1
      if (answers < BATCH) continue
      answers = 0
      if (batches-- <= 0) break // which destroys the socket
      send(socket)
    }
  }))
}

/** Keeps the keys of a Redis, and returns what restores them. */
export async function backUp ({ url }: RedisServer): Promise<() => Promise<void>> {
  const connect = async () => {
    return await createClient({ url, RESP: 2 }).withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }).connect()
  }
  const names = ['keys', 'changes', 'meta'].map(name => `{dbgpt-auth}:${name}`)
  const client = await connect()
  const dumps = await Promise.all(names.map(async name => await client.dump(name)))
  client.destroy()
  return async () => {
    const client = await connect()
    const all = client.multi()
    names.forEach((name, index) => all.restore(name, 0, dumps[index] as Buffer))
    await all.exec()
    client.destroy()
  }
}
