import type { Test } from 'tap'
import { Program } from './process.ts'

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
