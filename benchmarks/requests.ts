import { execFileSync } from 'node:child_process'
import { createHash, hash } from 'node:crypto'
import { Duplex } from 'node:stream'
import Fastify, { type FastifyInstance } from 'fastify'
import type { ApiKeyInit } from 'fastify-dbgpt-auth'

// What whole requests cost, in CPU time: from the bytes of the request to those of the answer, by Node's own parser and
// server, but over a connection in memory: system calls would be most of the time, and all of the noise. Each subject
// is measured in processes of its own, which take turns; it counts by the median of their fastest rounds.
const PASSES = 15
const ROUNDS = 10
const REQUESTS = 5_000
const WARM_UP = 20_000
const PIPELINE = 10
const HEADERS = { 'www-authenticate': 'Bearer realm="DB-GPT"', 'cache-control': 'no-store' }
const BODY = Buffer.from('{"error":{"message":"","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}')

const keys = Array.from({ length: 1_000 }, (_, index) => keyOf(String(index)))
const scoped = { key: keyOf('scoped'), scopes: ['read', 'write'] }
const CREDENTIALS = {
  none: '',
  good: `Authorization: Bearer ${keys[0]}\r\n`,
  scoped: `Authorization: Bearer ${scoped.key}\r\n`,
  wrong: `Authorization: Bearer ${keyOf('wrong')}\r\n`
}

const GUARDS = {
  none () {},
  byHand (app: FastifyInstance) {
    const digests = new Map(keys.map(key => [hash('sha256', key, 'hex'), key]))
    app.addHook('onRequest', (request, reply, done) => {
      const { authorization } = request.headers
      if (authorization?.startsWith('Bearer ') === true && digests.has(hash('sha256', authorization.slice(7), 'hex'))) done()
      else reply.code(401).headers(HEADERS).type('application/json').send(BODY)
    })
  },
  answer401 (app: FastifyInstance) {
    app.addHook('onRequest', (_request, reply) => {
      reply.code(401).headers(HEADERS).type('application/json').send(BODY)
    })
  },
  plugin: async (app: FastifyInstance) => await guard(app, 'fastify-dbgpt-auth', { more: [scoped] }),
  usage: async (app: FastifyInstance) => await guard(app, 'fastify-dbgpt-auth', { usage: true }),
  other: async (app: FastifyInstance) => await guard(app, process.env.OTHER as string)
}

interface Subject {
  readonly guard: keyof typeof GUARDS
  readonly credentials: keyof typeof CREDENTIALS
  /** What its route asks for. */
  readonly scopes?: readonly string[]
  /** The subject that it is compared with. */
  readonly over?: string
}

const SUBJECTS: Readonly<Record<string, Subject>> = {
  'bare Fastify': { guard: 'none', credentials: 'good' },
  'a good key, by hand': { guard: 'byHand', credentials: 'good', over: 'bare Fastify' },
  'a good key': { guard: 'plugin', credentials: 'good', over: 'bare Fastify' },
  'a key and its route with scopes': { guard: 'plugin', credentials: 'scoped', scopes: ['write'], over: 'a good key' },
  'a good key, usage on': { guard: 'usage', credentials: 'good', over: 'a good key' },
  'a 401 of bare Fastify': { guard: 'answer401', credentials: 'none' },
  'no key': { guard: 'plugin', credentials: 'none', over: 'a 401 of bare Fastify' },
  'a wrong key, by hand': { guard: 'byHand', credentials: 'wrong', over: 'a 401 of bare Fastify' },
  'a wrong key': { guard: 'plugin', credentials: 'wrong', over: 'a 401 of bare Fastify' },
  // Another build, OTHER=/path/to/its/dist/index.js, in the same run.
  ...process.env.OTHER !== undefined && {
    'a good key, other build': { guard: 'other', credentials: 'good', over: 'bare Fastify' } as const,
    'no key, other build': { guard: 'other', credentials: 'none', over: 'a 401 of bare Fastify' } as const,
    'a wrong key, other build': { guard: 'other', credentials: 'wrong', over: 'a 401 of bare Fastify' } as const
  }
}

const [, script = '', name] = process.argv
if (name === undefined) compare()
else console.log(await measure(SUBJECTS[name] as Subject))

function keyOf (seed: string): string {
  return `dbgpt_${createHash('sha256').update(seed).digest('base64url')}`
}

interface GuardOptions {
  /** Keys beside those of all subjects. */
  readonly more?: readonly ApiKeyInit[]
  readonly usage?: boolean
}

async function guard (app: FastifyInstance, module: string, { more = [], ...options }: GuardOptions = {}): Promise<void> {
  const { dbgptAuth } = await import(module) as typeof import('fastify-dbgpt-auth')
  await app.register(dbgptAuth, { keys: [...keys, ...more], mode: 'on', env: {}, ...options })
}

/** Returns the microseconds of CPU time that a request takes, in the fastest of some rounds. */
async function measure ({ guard, credentials, scopes }: Subject): Promise<number> {
  const app = Fastify()
  await GUARDS[guard](app)
  app.get('/', scopes === undefined ? {} : { config: { apiKey: { scopes } } }, () => 'ok')
  await app.ready()
  const request = `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: benchmark\r\nAccept: */*\r\n${CREDENTIALS[credentials]}\r\n`
  const send = connect(app, Buffer.from(request.repeat(PIPELINE)))
  await send(WARM_UP)
  let best = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage()
    await send(REQUESTS)
    const { user, system } = process.cpuUsage(before)
    best = Math.min(best, (user + system) / REQUESTS)
  }
  return best
}

/** Opens a connection in memory; what is returned sends so many requests over it, and waits for the answers. */
function connect (app: FastifyInstance, batch: Buffer): (count: number) => Promise<void> {
  const socket = new Duplex({ read () {}, write (_chunk, _encoding, done) { done() } })
  let [answered, onBatch] = [0, () => {}]
  app.server.on('request', (_request, response) => response.on('finish', () => {
    if (++answered % PIPELINE === 0) onBatch()
  }))
  app.server.emit('connection', socket)
  return async count => {
    for (let sent = 0; sent < count; sent += PIPELINE) {
      await new Promise<void>(resolve => {
        onBatch = resolve
        socket.push(batch)
      })
    }
  }
}

function compare (): void {
  console.error('Measuring whole requests, for one to two minutes')
  const times = new Map<string, number[]>(Object.keys(SUBJECTS).map(name => [name, []]))
  for (let pass = 0; pass < PASSES; pass++) {
    for (const [name, measured] of [...times].sort(() => Math.random() - 0.5)) {
      measured.push(Number(execFileSync(process.execPath, [script, name], { encoding: 'utf8' })))
    }
  }
  const median = (name: string): number => times.get(name)?.sort((a, b) => a - b)[PASSES >> 1] ?? NaN
  console.log(`Node.js ${process.version}: microseconds of CPU time a request\n`)
  console.log('| | µs | × |\n| --- | ---: | ---: |')
  for (const [name, { over }] of Object.entries(SUBJECTS)) {
    const ratio = over === undefined ? '' : `${(median(name) / median(over)).toFixed(2)} × ${over}`
    console.log(`| ${name} | ${median(name).toFixed(2)} | ${ratio} |`)
  }
}
