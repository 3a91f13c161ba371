import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import tls from 'node:tls'
import type { Test } from 'tap'
import { Certificates } from '../../../test/support/certificates.ts'
import { makeTemporaryFolder } from '../../../test/support/files.ts'
import { freePorts } from '../../../test/support/redis.ts'
import { until } from '../../../test/support/until.ts'
import { change, deployed } from './deploy.ts'

/** The host that the files are written for. */
export const HOST = 'dbgpt.example.com'

export interface TlsProxy {
  /** Where it listens for TLS. */
  readonly port: number
  /** Where it listens for plain HTTP. */
  readonly plainPort: number
  /** The authority of its certificate. */
  readonly ca: string
}

interface Kind {
  readonly name: string
  /** Why it cannot be tried here; false, it can. */
  readonly skip: string | false
  /** Starts it in front of a gateway on a port of this machine. */
  readonly start: (t: Test, gatewayPort: number) => Promise<TlsProxy>
}

/** The proxies for which the package has a file: both run here as it stands, but for ports and certificates. */
export const PROXIES: readonly Kind[] = [
  { name: 'nginx', skip: missing('nginx', '-v', 'nginx-light'), start: startNginx },
  { name: 'Caddy', skip: missing('caddy', 'version', 'caddy'), start: startCaddy }
]

function missing (program: string, argument: string, name: string): string | false {
  return spawnSync(program, [argument]).error === undefined ? false : `there is no ${program} on this machine: apt-get install ${name}`
}

async function startNginx (t: Test, gatewayPort: number): Promise<TlsProxy> {
  const folder = await makeTemporaryFolder(t)
  const certificates = await Certificates.make(t)
  const { cert, key } = await certificates.filesFor('nginx', `DNS:${HOST}`)
  const [port, plainPort] = await freePorts(2) as [number, number]
  const server = change(await deployed('nginx.conf'), {
    'listen 443 ': `listen 127.0.0.1:${port} `,
    'listen 80;': `listen 127.0.0.1:${plainPort};`,
    // Not every machine has IPv6.
    '[::]:443': `unix:${join(folder, '443')}`,
    '[::]:80': `unix:${join(folder, '80')}`,
    '/etc/ssl/dbgpt.pem': cert,
    '/etc/ssl/dbgpt.key': key,
    '127.0.0.1:3000': `127.0.0.1:${gatewayPort}`
  })
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${join(folder, name)};`)
  const file = join(folder, 'nginx.conf')
  await writeFile(file, [
    `pid ${join(folder, 'pid')};`, 'events {}', 'http {', 'access_log off;', ...temporary, server, '}'
  ].join('\n'))
  await startDaemon(t, port, 'nginx', '-c', file, '-e', 'stderr', '-g', 'daemon off;')
  return { port, plainPort, ca: await readFile(certificates.ca, 'utf8') }
}

async function startCaddy (t: Test, gatewayPort: number): Promise<TlsProxy> {
  const folder = await makeTemporaryFolder(t)
  const [port, plainPort] = await freePorts(2) as [number, number]
  // Certificates come from an authority of its own.
  const options = [
    'admin off', 'local_certs', 'skip_install_trust', 'default_bind 127.0.0.1', `http_port ${plainPort}`, `https_port ${port}`,
    `storage file_system ${folder}`
  ]
  const site = change(await deployed('Caddyfile'), { '127.0.0.1:3000': `127.0.0.1:${gatewayPort}` })
  const file = join(folder, 'Caddyfile')
  await writeFile(file, ['{', ...options, '}', site].join('\n'))
  await startDaemon(t, port, 'env', '-i', `PATH=${process.env.PATH}`, `HOME=${folder}`, 'caddy', 'run', '--config', file, '--adapter', 'caddyfile')
  return { port, plainPort, ca: await readFile(join(folder, 'pki', 'authorities', 'local', 'root.crt'), 'utf8') }
}

/** Starts a program that ends with the test, and waits until it has a certificate to show. */
async function startDaemon (t: Test, port: number, program: string, ...args: string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const exit = once(child, 'close')
  let said = ''
  child.stderr.setEncoding('utf8').on('data', text => { said += text })
  t.teardown(async () => {
    child.kill('SIGTERM')
    await exit
  })
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`${program} has ended: ${said}`)
    return await listens(port)
  })
}

async function listens (port: number): Promise<boolean> {
  const socket = tls.connect({ port, host: '127.0.0.1', servername: HOST, rejectUnauthorized: false })
  return await once(socket, 'secureConnect').then(() => true, () => false).finally(() => socket.destroy())
}
