import { type ChildProcess, fork } from 'node:child_process'
import { createHash, hash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyInstance } from 'fastify'
import { flat, makeKey } from './keys.ts'

// What whole requests cost a server, in CPU time: each subject is a process of its own, they take turns, and the fastest
// round of each counts. Requests are pipelined, so that system calls do not drown the rest. Every pass has new processes,
// for now and then one is slow for good, whatever it serves.
const PASSES = 6
const ROUNDS = 5
const REQUESTS = 10_000
const WARM_UP = 5_000
const PIPELINE = 100
const KEYS = 1_000
const BODY = '{"error":{"message":"","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}'

const [, script = '', task, ...args] = process.argv
const seed = args[0] ?? randomBytes(8).toString('hex')
const keys = Array.from({ length: KEYS }, (_, index) => `dbgpt_${createHash('sha256').update(seed + index).digest('base64url')}`)

/** How the app of a subject is guarded. */
type Guard = (app: FastifyInstance) => unknown

const GUARDS: Readonly<Record<string, Guard>> = {
  none () {},
  byHand (app) {
    const digests = new Map(keys.map(key => [hash('sha256', key, 'hex'), key]))
    app.addHook('onRequest', (request, reply, done) => {
      const { authorization } = request.headers
      if (authorization?.startsWith('Bearer ') === true && digests.has(hash('sha256', authorization.slice(7), 'hex'))) done()
      else reply.code(401).send()
    })
  },
  answer401 (app) {
    const headers = { 'www-authenticate': 'Bearer realm="DB-GPT"', 'cache-control': 'no-store' }
    const body = Buffer.from(BODY)
    app.addHook('onRequest', (_request, reply) => {
      reply.code(401).headers(headers).type('application/json; charset=utf-8').send(body)
    })
  },
  plugin: async app => await app.register((await import('fastify-dbgpt-auth')).default, { keys, mode: 'on', env: {} }),
  // Another build, to be compared with: OTHER=/path/to/dist/index.js
  other: async app => await app.register((await import(process.env.OTHER as string)).default, { keys, mode: 'on', env: {} })
}

const good = `Authorization: Bearer ${keys[0]}\r\n`
const wrong = `Authorization: Bearer ${flat(makeKey())}\r\n`

/** What is compared: how the app is guarded, and with which credentials it is asked. */
const SUBJECTS: Readonly<Record<string, readonly [guard: string, credentials: string, over?: string]>> = {
  'bare Fastify': ['none', good],
  'by hand': ['byHand', good, 'bare Fastify'],
  'good key': ['plugin', good, 'bare Fastify'],
  '401 of bare Fastify': ['answer401', ''],
  'no key': ['plugin', '', '401 of bare Fastify'],
  'wrong key': ['plugin', wrong, '401 of bare Fastify'],
  ...process.env.OTHER !== undefined && {
    'good key, other build': ['other', good, 'bare Fastify'] as const,
    'no key, other build': ['other', '', '401 of bare Fastify'] as const,
    'wrong key, other build': ['other', wrong, '401 of bare Fastify'] as const
  }
}

if (task === 'serve') await serve(args[1] as string)
else await compare()

/** Serves a subject, and tells how much CPU time went by whenever it is asked. */
async function serve (guard: string): Promise<void> {
  const app = Fastify()
  await (GUARDS[guard] as Guard)(app)
  app.get('/', () => 'ok')
  await app.listen({ port: 0, host: '127.0.0.1' })
  process.on('message', () => process.send?.(process.cpuUsage()))
  process.on('disconnect', () => process.exit())
  process.send?.((app.server.address() as AddressInfo).port)
}

interface Server {
  readonly child: ChildProcess
  readonly port: number
  readonly request: string
}

async function start ([guard, credentials]: readonly [string, string, string?]): Promise<Server> {
  const child = fork(fileURLToPath(new URL(`file://${script}`)), ['serve', seed, guard])
  const [port] = await once(child, 'message') as [number]
  return { child, port, request: `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: benchmark\r\nAccept: */*\r\n${credentials}\r\n` }
}

/** Returns the microseconds of CPU time that a request takes. */
async function measure ({ child, port, request }: Server, length: number): Promise<number> {
  await send(port, request.repeat(PIPELINE), WARM_UP / PIPELINE, PIPELINE * length)
  const before = await cpuOf(child)
  await send(port, request.repeat(PIPELINE), REQUESTS / PIPELINE, PIPELINE * length)
  return (await cpuOf(child) - before) / REQUESTS
}

async function cpuOf (child: ChildProcess): Promise<number> {
  child.send('cpu')
  const [{ user, system }] = await once(child, 'message') as [NodeJS.CpuUsage]
  return user + system
}

/** Sends a text so many times over one connection, each time once the last is answered; returns how long an answer is. */
async function send (port: number, text: string, times: number, length?: number): Promise<number> {
  const socket = connect(port, '127.0.0.1')
  let received = 0
  for (let count = 0; count < times; count++) {
    socket.write(text)
    const goal = received + (length ?? 1)
    while (received < goal) received += (await once(socket, 'data') as [Buffer])[0].length
  }
  if (length !== undefined && received !== times * length) throw new Error(`an answer of another length: ${received}`)
  socket.destroy()
  return received
}

async function compare (): Promise<void> {
  console.error('Measuring whole requests, for one to two minutes')
  const best = new Map<string, number>()
  for (let pass = 0; pass < PASSES; pass++) await run(best)
  console.log(`Node.js ${process.version}: microseconds of CPU time a request, and how often what it is compared with\n`)
  console.log('| | µs | × |\n| --- | ---: | ---: |')
  for (const [name, [, , over]] of Object.entries(SUBJECTS)) {
    const time = best.get(name) as number
    console.log(`| ${name} | ${time.toFixed(2)} | ${over === undefined ? '' : (time / (best.get(over) as number)).toFixed(2)} |`)
  }
}

/** Measures all subjects with new processes, and keeps the fastest round of each. */
async function run (best: Map<string, number>): Promise<void> {
  const names = Object.keys(SUBJECTS)
  const servers = await Promise.all(Object.values(SUBJECTS).map(start))
  const lengths = await Promise.all(servers.map(({ port, request }) => send(port, request, 1)))
  for (let round = 0; round < ROUNDS; round++) {
    for (const index of names.map((_, index) => index).sort(() => Math.random() - 0.5)) {
      const time = await measure(servers[index] as Server, lengths[index] as number)
      best.set(names[index] as string, Math.min(best.get(names[index] as string) ?? Infinity, time))
    }
  }
  for (const { child } of servers) child.disconnect()
}
