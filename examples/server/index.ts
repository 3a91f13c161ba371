import { announce } from './announce.ts'
import { buildApp, type Settings } from './app.ts'

const app = buildApp()

try {
  await app.ready()
  const { HOST: host, PORT: port } = app.getEnvs<Settings>()
  const url = await app.listen({ host, port })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => app.close())
  process.stdout.write(await announce(app, url))
  // From here on, each refusal is a line of the log.
  app.log.level = 'info'
} catch (error) {
  process.stderr.write(`Cannot start: ${describe(error)}\n`)
  process.exitCode = 1
  await app.close()
}

function describe (error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code, message } = error as NodeJS.ErrnoException
  return code === undefined || message.includes(code) ? message : `${code}: ${message}`
}
