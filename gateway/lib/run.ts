import type { FastifyInstance } from 'fastify'
import { announce } from './announce.ts'
import { buildGateway } from './app.ts'
import { serveMetrics } from './metrics.ts'
import { probe } from './probe.ts'
import { readSettings, type Settings } from './settings.ts'
import { startUpstream } from './upstream/index.ts'

/** Runs the gateway as the environment says, until a signal ends it. */
export async function run (): Promise<void> {
  let app: FastifyInstance | undefined
  let standIn: FastifyInstance | undefined
  let metrics: FastifyInstance | undefined
  const close = async (): Promise<void> => {
    await app?.close()
    await standIn?.close()
    await metrics?.close()
    // Whatever is still open, nobody waits for.
    setTimeout(() => process.exit(), 500).unref()
  }
  try {
    const settings = await readSettings()
    if (settings.DBGPT_URL === '') standIn = await startUpstream()
    const upstream = standIn === undefined ? settings.DBGPT_URL : standIn.listeningOrigin
    app = await buildGateway({ settings, upstream, logger: { level: 'warn', stream: process.stderr } })
    metrics = await serveMetrics(app, settings)
    await app.ready()
    const isOn = (await app.inject('/v1/models')).statusCode === 401
    if (isOn) checkSecret(app, settings)
    // Where a terminal closes or somebody hopes for a reload, the gateway goes on.
    process.on('SIGHUP', () => app?.log.info('SIGHUP changes nothing: changed keys are read without it'))
    const url = await app.listen({ host: settings.HOST, port: settings.PORT })
    process.once('SIGINT', close)
    process.once('SIGTERM', async () => {
      await app?.drain(settings.DRAIN_SECONDS * 1000)
      await close()
    })
    const trouble = standIn === undefined ? await probe(upstream, settings.DBGPT_API_KEY) : undefined
    if (trouble !== undefined) app.log.warn(trouble)
    process.stdout.write(announce(url, settings, isOn, trouble))
    if (metrics !== undefined) process.stdout.write(`Metrics are at ${metrics.listeningOrigin}/metrics\n`)
    // From here on, each refusal is a line of the log.
    app.log.level = 'info'
  } catch (error) {
    process.stderr.write(`Cannot start: ${describe(error)}\n`)
    process.exitCode = 1
    await close()
  }
}

function checkSecret (app: FastifyInstance, { SESSION_SECRET, NODE_ENV }: Settings): void {
  if (SESSION_SECRET !== '') return
  if (NODE_ENV.toLowerCase() === 'production') {
    throw new Error('SESSION_SECRET must be set in production, to at least 32 characters: openssl rand -base64 32')
  }
  app.log.warn('SESSION_SECRET is not set: sessions end with this process, and no other instance knows them')
}

function describe (error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return code === undefined || message.includes(code) ? message : `${code}: ${message}`
}
