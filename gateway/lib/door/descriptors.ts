import type { FastifyInstance } from 'fastify'

/** What else than connections takes descriptors: files, the key store, the process itself. */
const RESERVED = 64
const SAY_AGAIN_MS = 60_000

/**
 * Lets in as many connections as there are descriptors for: each takes one, and its request to DB-GPT another.
 * Where the process has run out of them, connections vanish without a word.
 *
 * @param app - the gateway
 * @param limit - how many descriptors the process may have
 */
export function limitConnections (app: FastifyInstance, limit: number = descriptorLimit()): void {
  const { server, log } = app
  const max = Math.max(1, Math.floor((limit - RESERVED) / 2))
  if (Number.isFinite(max)) server.maxConnections = max
  let said = -Infinity
  server.on('drop', data => {
    if (performance.now() - said < SAY_AGAIN_MS) return
    said = performance.now()
    log.error({ connections: max, ip: data?.remoteAddress }, `Connections are turned away: ${max} are open, which is what ` +
      `${limit} file descriptors allow. Raise that limit: ulimit -n, or LimitNOFILE of a systemd unit`)
  })
  server.on('error', ({ code }: NodeJS.ErrnoException) => {
    // What keeps it from listening at all is the start's to say.
    if (server.listening) log.error(`Connections cannot be accepted: ${code}`)
  })
}

/** What the system allows this process: Infinity where it does not say. */
function descriptorLimit (): number {
  const { report } = process as { report: NodeJS.ProcessReport & { excludeNetwork?: boolean } }
  report.excludeNetwork = true
  const { userLimits } = report.getReport() as unknown as { userLimits?: { open_files?: { soft: number | string } } }
  const soft = Number(userLimits?.open_files?.soft)
  return Number.isNaN(soft) ? Infinity : soft
}
