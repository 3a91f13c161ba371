import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import { missing, startDaemon } from './daemon.ts'
import { makeTemporaryFolder } from './files.ts'
import { freePorts } from './redis.ts'

/** A proxy that asks the plugin; it has a service behind it. */
export interface Door {
  readonly name: string
  /** The language of its configuration, in the documentation. */
  readonly language: string
  /** Why it cannot be tried here; false, it can. */
  readonly skip: string | false
  /** Starts it with a configuration as it stands but for ports, and returns where it is. */
  readonly start: (t: Test, code: string, ports: { readonly check: string, readonly service: string }) => Promise<string>
}

export const NGINX: Door = { name: 'nginx', language: 'nginx', skip: missing('nginx', '-v', 'nginx-light'), start: startNginx }
export const CADDY: Door = { name: 'Caddy', language: 'caddyfile', skip: missing('caddy', 'version', 'caddy'), start: startCaddy }

/** Starts a service that tells of each request what has come of it, and returns its port. */
export async function startTellingService (t: Test): Promise<string> {
  const server = createServer(async (request, response) => {
    const { method, url, headers } = request
    response.statusCode = url === '/broken' ? 500 : 200
    response.end(JSON.stringify({ method, url, headers, body: await text(request) }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return String((server.address() as { port: number }).port)
}

async function startNginx (t: Test, code: string, { check, service }: { check: string, service: string }): Promise<string> {
  const folder = await makeTemporaryFolder(t)
  const [port] = await freePorts(1) as [number]
  const server = code.replace('listen 80;', `listen 127.0.0.1:${port};`).replace(':3000', `:${check}`).replace(':8080', `:${service}`)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${join(folder, name)};`)
  const file = join(folder, 'nginx.conf')
  await writeFile(file, [`pid ${join(folder, 'pid')};`, 'events {}', 'http {', 'access_log off;', ...temporary, server, '}'].join('\n'))
  await startDaemon(t, port, 'nginx', '-c', file, '-e', 'stderr', '-g', 'daemon off;')
  return `http://127.0.0.1:${port}`
}

async function startCaddy (t: Test, code: string, { check, service }: { check: string, service: string }): Promise<string> {
  const folder = await makeTemporaryFolder(t)
  const [port] = await freePorts(1) as [number]
  const options = ['{', 'admin off', 'auto_https off', 'default_bind 127.0.0.1', `storage file_system ${folder}`, '}']
  const site = code.replace('api.example.com', `:${port}`).replace(':3000', `:${check}`).replace(':8080', `:${service}`)
  const file = join(folder, 'Caddyfile')
  await writeFile(file, [...options, site].join('\n'))
  await startDaemon(t, port, 'caddy', 'run', '--config', file, '--adapter', 'caddyfile')
  return `http://127.0.0.1:${port}`
}
