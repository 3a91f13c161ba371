import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { createClient, createCluster, createSentinel } from '@redis/client'
import { createClient as createClient5, createCluster as createCluster5, createSentinel as createSentinel5 } from 'redis-client-5'
import t, { type Test } from 'tap'
import { Connection } from '../../../lib/stores/redis/connection.ts'
import { AT_FIRST, REASONS } from '../../../lib/stores/redis/reasons.ts'
import { type RedisClient, RedisKeyStore, type RedisKeyStoreOptions } from '../../../lib/stores/redis/store.ts'
import { MARKER, rejection } from '../../support/app.ts'
import { startAnswering } from '../../support/answering-server.ts'
import { Certificates } from '../../support/certificates.ts'
import { pageOf } from '../../support/documentation.ts'
import { freePorts, RedisServer, skip } from '../../support/redis.ts'

const CREDENTIALS = `user:${MARKER}@`
const HELLO = '*3\r\n$6\r\nserver\r\n$5\r\nredis\r\n$0\r\n\r\n'

interface Makers {
  readonly client: typeof createClient
  readonly cluster: typeof createCluster
  readonly sentinel: typeof createSentinel
}

const versions: Readonly<Record<string, Makers>> = {
  '@redis/client 6': { client: createClient, cluster: createCluster, sentinel: createSentinel },
  // As an application takes them, which has one of the two.
  '@redis/client 5': { client: createClient5, cluster: createCluster5, sentinel: createSentinel5 } as unknown as Makers
}

/** Says why a store cannot be opened. */
async function reason (t: Test, options: RedisKeyStoreOptions): Promise<string> {
  const error = await rejection(new RedisKeyStore(options).open())
  t.equal(error.code, 'FST_DBGPT_AUTH_REDIS')
  t.notMatch(inspect(error, { depth: 9, showHidden: true }), new RegExp(`${MARKER}|rediss?:`), 'no secret')
  return error.message.replace(/^Redis at .* cannot be used: /, '')
}

/** Has both versions of the client, and a URL where one is given, say why a store cannot be opened. */
async function bothSay (
  t: Test, make: (makers: Makers) => RedisClient, expected: string | RegExp, url?: string
): Promise<void> {
  for (const [version, makers] of Object.entries(versions)) {
    t.match(await reason(t, { createClient: () => make(makers) }), expected, version)
  }
  if (url !== undefined) t.match(await reason(t, { url }), expected, 'a URL')
}

t.test('what each means, and what to do about it, stands in docs/errors.md', async t => {
  const page = await pageOf('docs/errors.md')
  for (const [, what, wayOut = ''] of [...REASONS, ...Object.values(AT_FIRST).flatMap(reasons => Object.values(reasons))]) {
    t.ok(page.includes(`| ${what} |`) && page.includes(wayOut), what)
  }
})

t.test('with a Redis', { skip }, async t => {
  const { port, url } = await RedisServer.start(t)
  const host = `127.0.0.1:${port}`

  t.test('what was set wrongly is named', async t => {
    const database = `redis://${host}/99`
    await bothSay(t, ({ client }) => client({ url: database }), 'it has no database of this number (DB index is out of range): name another one, or none', database)
    const stranger = `redis://${CREDENTIALS}${host}`
    await bothSay(t, ({ client }) => client({ url: stranger }), 'it refuses the user name or password (WRONGPASS): see to both', stranger)
    const needless = `redis://:${MARKER}@${host}`
    t.match(await reason(t, { url: needless }), 'it has no password (without any password configured): give none, or set one for it')
    await bothSay(t, ({ cluster }) => cluster({ rootNodes: [{ url }] }), 'it is no cluster (cluster support disabled): make its client with createClient')
    const sentinelRootNodes = [{ host: '127.0.0.1', port }]
    const sentinelClientOptions = { socket: { reconnectStrategy: false as const } }
    await bothSay(t, ({ sentinel }) => sentinel({ name: 'x', sentinelRootNodes, sentinelClientOptions, maxCommandRediscovers: 0 }),
      'it is no Sentinel (SENTINEL): name the port of a Sentinel')
    const path = '/nowhere/redis.sock'
    await bothSay(t, ({ client }) => client({ socket: { path } as object }), 'there is no such socket (ENOENT): start it')
  })

  t.test('of a URL that is none, nothing is said', async t => {
    for (const url of [`http://${CREDENTIALS}host`, `redis://${CREDENTIALS}host/x`, 'redis://user:%PLAINTEXT@host', MARKER]) {
      await bothSay(t, ({ client }) => client({ url }), 'createClient failed, its URL is none, or other options contradict it')
    }
    await bothSay(t, ({ client }) => client({ url: `redis://${CREDENTIALS}host`, socket: { tls: true, host: '' } as object }),
      'createClient failed, its URL is none, or other options contradict it (tls socket option is set)')
  })

  t.test('commands that are not there are told from rights that are missing', async t => {
    const needed = 'it does not have a command that is needed'
    const without = async (command: string): Promise<string> => (await RedisServer.start(t, ['--rename-command', command, ''])).url
    let url = await without('EVAL')
    await bothSay(t, ({ client }) => client({ url }), `${needed} (unknown command): use Redis 6.2 or later`, url)
    url = await without('XREVRANGE')
    await bothSay(t, ({ client }) => client({ url }), `${needed} (Unknown Redis command): use Redis 6.2 or later`, url)
    url = (await without('HELLO')).replace('//', `//${CREDENTIALS}`)
    t.match(await reason(t, { createClient: () => createClient({ url }) }), 'it does not know this command (HELLO): give its client the option RESP: 2')
    t.match(await reason(t, { url }), 'it refuses the user name or password (WRONGPASS)')
  })

  t.test('a Redis that takes no more clients says so', async t => {
    const full = await RedisServer.start(t, ['--maxclients', '1'])
    const guest = createClient({ url: full.url }).on('error', () => {})
    await guest.connect()
    t.teardown(() => guest.destroy())
    const said = 'it has as many clients as it takes (max number of clients): raise its maxclients, or let others go'
    t.match(await reason(t, { url: full.url }), said)
    t.match(await reason(t, { createClient: () => createClient({ url: full.url }) }), said)
    // The other version keeps to itself what a server says before it is asked.
    t.match(await reason(t, { createClient: () => createClient5({ url: full.url }) }), 'it ends the connection without an answer')
  })

  t.test('a cluster without its slots, or with a database, says so', async t => {
    const node = await RedisServer.start(t, ['--cluster-enabled', 'yes', '--cluster-port', String((await freePorts(1))[0])])
    const down = /its cluster is down, or a part of it \(.*\): see its CLUSTER INFO/
    await bothSay(t, ({ client }) => client({ url: node.url }), down, node.url)
    await bothSay(t, ({ cluster }) => cluster({ rootNodes: [{ url: node.url }] }), down)
    const database = `${node.url}/1`
    await bothSay(t, ({ client }) => client({ url: database }), 'a cluster has no numbered databases (SELECT is not allowed in cluster mode): name none', database)
  })
})

t.test('with a Redis that speaks TLS', { skip }, async t => {
  const certificates = await Certificates.make(t)
  const ca = readFileSync(certificates.ca)
  const start = async (
    ...[name, days]: [name?: string, days?: number]
  ): Promise<{ server: RedisServer, plain: string, tls: string }> => {
    const [port] = await freePorts(1) as [number]
    const server = await RedisServer.start(t, await certificates.optionsFor(port, name, days))
    return { server, plain: server.url, tls: `rediss://127.0.0.1:${port}` }
  }

  t.test('the wrong one of the two ports, or of the two protocols, is named', async t => {
    const { plain, tls } = await start()
    const closed = /^it ends the connection without an answer \(.*\): begin the URL with rediss if its port is for TLS/
    const noTls = tls.replace('rediss:', 'redis:')
    await bothSay(t, ({ client }) => client({ url: noTls }), closed, noTls)
    const silent = /^it does not answer, or not over TLS \(.*\): begin the URL with redis if its port is not for TLS/
    t.match(await reason(t, { url: plain.replace('redis:', 'rediss:') }), silent)
    const web = createServer((_request, response) => response.end()).listen(0)
    t.teardown(() => web.close())
    const { port } = web.address() as AddressInfo
    await bothSay(t, ({ client }) => client({ url: `rediss://127.0.0.1:${port}` }),
      'it does not speak TLS on this port (ERR_SSL_WRONG_VERSION_NUMBER): begin the URL with redis', `rediss://127.0.0.1:${port}`)
    await bothSay(t, ({ client }) => client({ url: `redis://127.0.0.1:${port}` }),
      'what listens there is no Redis (Unknown RESP type): see to host and port')
  })

  t.test('what is wrong with a certificate is named', async t => {
    const trusting = (url: string, options: object = {}) => ({ client }: Makers): RedisClient =>
      client({ url, socket: { ca, ...options } as object })
    const good = await start()
    await bothSay(t, ({ client }) => client({ url: good.tls }),
      'its certificate is signed by nobody who is trusted here (SELF_SIGNED_CERT_IN_CHAIN): name the file of its CA in NODE_EXTRA_CA_CERTS', good.tls)
    await bothSay(t, trusting((await start('IP:127.0.0.1', -1)).tls), 'its certificate has expired (CERT_HAS_EXPIRED): renew it')
    await bothSay(t, trusting((await start('DNS:redis.test')).tls),
      'its certificate is for another name (ERR_TLS_CERT_ALTNAME_INVALID): use the host name that stands in it')
    await bothSay(t, trusting(good.tls, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1' }), /TLS cannot be agreed on \(ERR_SSL_\w+\): see to versions/)
  })

  t.test('a Redis that asks for a certificate says so', async t => {
    const [port] = await freePorts(1) as [number]
    await RedisServer.start(t, [...await certificates.optionsFor(port), '--tls-auth-clients', 'yes'])
    await bothSay(t, ({ client }) => client({ url: `rediss://127.0.0.1:${port}`, socket: { ca } as object }),
      'it asks for a certificate of its client (ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED): give one')
  })

  t.test('one that hangs when TLS stands is not said to lack it', async t => {
    const { server, tls } = await start()
    // Of this protocol, so that nothing is answered as it connects.
    const client = createClient({ url: tls, RESP: 2, disableClientInfo: true, socket: { ca } as object })
    const connection = new Connection(client)
    t.teardown(() => connection.close())
    await connection.connect(5000)
    server.signal('SIGSTOP')
    t.match(await rejection(connection.ask(async client => await client.hScan('x', '0', { COUNT: 1 }), 50)), {
      message: /cannot be used: it does not answer \(ETIMEDOUT\)/
    })
  })
})

t.test('what a server says before it is asked is heard', async t => {
  const denied = '-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user.\r\n'
  const port = await startAnswering(t, (socket, text) => { if (text === '') socket.end(denied) })
  const url = `redis://${CREDENTIALS}127.0.0.1:${port}`
  t.match(await reason(t, { url }), 'it is in protected mode, and takes nobody from other machines (DENIED): set a password for it, and give it here')
  t.match(await reason(t, { createClient: () => createClient({ url }) }), /\(DENIED\)/)
})

t.test('what other servers answer to is not passed on', async t => {
  const says = async (line: string): Promise<string> => {
    const port = await startAnswering(t, (socket, text) => { if (text !== '') socket.write(/hello/i.test(text) ? HELLO : `${line}\r\n`) })
    return await reason(t, { url: `redis://127.0.0.1:${port}` })
  }
  t.match(await says('-ERR Command is not available: \'EVAL\'. See a page'), 'it does not have a command that is needed (Command is not available)')
  t.match(await says('-BUSY Redis is busy running a script.'), 'a script keeps it busy (BUSY)')
  t.equal(await says(`-${MARKER} ${MARKER}`), 'it refuses, for a reason that is not known here: see what redis-cli says')
})
