import { once } from 'node:events'
import { lookup } from 'node:dns'
import net, { type AddressInfo, type LookupFunction, type Socket } from 'node:net'
import { createClient, createCluster } from '@redis/client'
import { createClient as createClient5 } from 'redis-client-5'
import t, { type Test } from 'tap'
import { Connection } from '../../../lib/stores/redis/connection.ts'
import type { RedisClient } from '../../../lib/stores/redis/client.ts'
import { BEGINNING, evaluate, layoutOf, READ } from '../../../lib/stores/redis/layout.ts'
import { MARKER, rejection } from '../../support/app.ts'
import { until } from '../../support/until.ts'
import { freePorts, RedisServer, skip } from '../../support/redis.ts'
import { shown } from '../../support/shown.ts'

const layout = layoutOf('test')
const read = async (client: RedisClient): Promise<unknown> => await evaluate(client, READ, layout, [BEGINNING])

/** A server that accepts connections and never says a word. */
async function startMute (t: Test): Promise<{ port: number, sockets: Set<Socket>, seen: { count: number } }> {
  const sockets = new Set<Socket>()
  const seen = { count: 0 }
  const server = net.createServer(socket => {
    sockets.add(socket)
    seen.count++
    socket.resume().on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, sockets, seen }
}

async function connect (t: Test, client: RedisClient): Promise<Connection> {
  const connection = new Connection(client)
  t.teardown(() => connection.close())
  await connection.connect(2000)
  return connection
}

t.test('where nothing listens, connecting fails at once, also with a client that would try for ever', async t => {
  const [port = 0] = await freePorts(1)
  for (const options of [{}, { reconnectStrategy: false as const }]) {
    const connection = new Connection(createClient({ url: `redis://user:${MARKER}@127.0.0.1:${port}`, socket: options }))
    const begin = performance.now()
    t.match(await rejection(connection.connect(5000)), {
      code: 'FST_DBGPT_AUTH_REDIS',
      message: `Redis at 127.0.0.1:${port} cannot be used: nothing listens there (ECONNREFUSED 127.0.0.1:${port}): start it, or see to host and port`
    }, JSON.stringify(options))
    t.ok(performance.now() - begin < 4500, `before its deadline: ${JSON.stringify(options)}`)
    t.notOk(connection.sound, shown(options))
  }
})

t.test('what does not answer fails after the time that it is given', async t => {
  const { port, sockets } = await startMute(t)
  const clients = [
    createClient({ url: `redis://:${MARKER}@127.0.0.1:${port}` }),
    createCluster({ rootNodes: [{ url: `redis://127.0.0.1:${port}` }], defaults: { socket: { socketTimeout: 1000 } } })
  ]
  const addresses = [`127.0.0.1:${port}`, 'the nodes of createClient']
  for (const [index, client] of clients.entries()) {
    const connection = new Connection(client as RedisClient)
    t.match(await rejection(connection.connect(100)), {
      message: `Redis at ${addresses[index]} cannot be used: it does not answer (ETIMEDOUT): see whether it hangs, and to network and firewall`
    }, shown(index))
  }
  const connection = await connect(t, createClient({ socket: { host: '127.0.0.1', port }, RESP: 2, disableClientInfo: true }))
  t.match(await rejection(connection.ask(read, 100)), { code: 'FST_DBGPT_AUTH_REDIS', message: /ETIMEDOUT/ })
  t.match(await rejection(connection.change(read, 100)), { code: 'FST_DBGPT_AUTH_REDIS_UNCONFIRMED', message: /ETIMEDOUT/ })
  connection.close()
  await until(() => sockets.size === 0)
})

t.test('one that was given up while it connected does not live on', async t => {
  const { port, sockets, seen } = await startMute(t)
  let giveUp = (): void => {}
  const givenUp = new Promise<void>(resolve => { giveUp = resolve })
  const late: LookupFunction = (_name, options, done) => {
    givenUp.then(() => lookup('127.0.0.1', options, (...found) => done(...found as Parameters<typeof done>)))
  }
  const socket = { host: 'redis.test', port, lookup: late }
  const clients = [
    createClient({ socket }), createClient({ socket, RESP: 2, disableClientInfo: true }),
    createClient5({ socket }), createClient5({ socket, disableClientInfo: true })
  ] as RedisClient[]
  await Promise.all(clients.map(async (client, index) => {
    const connection = new Connection(client)
    t.match(await rejection(connection.connect(50)), { message: /Redis at redis.test:\d+ .*ETIMEDOUT/ }, `client ${index}`)
  }))
  giveUp()
  await until(() => seen.count === clients.length && sockets.size === 0)
})

t.test('a client that has failed is destroyed before it says more', async t => {
  const [port = 0] = await freePorts(1)
  for (const client of [createClient({ socket: { host: '127.0.0.1', port } }), createClient5({ socket: { host: '127.0.0.1', port } })]) {
    const connection = new Connection(client as RedisClient)
    const open: boolean[] = []
    client.on('error', () => open.push(client.isOpen))
    t.match(await rejection(connection.connect(5000)), { message: /ECONNREFUSED/ })
    t.same(open, [false])
  }
})

t.test('a socket in the file system is called by its path', async t => {
  const connection = new Connection(createClient({ socket: { path: '/nowhere/redis.sock', tls: false } }))
  t.match(await rejection(connection.connect(1000)), { message: /Redis at \/nowhere\/redis\.sock .*\(ENOENT\)/ })
})

t.test('with a Redis', { skip }, async t => {
  const server = await RedisServer.start(t)
  const url = server.url

  t.test('an answer is passed on, and a refusal is an error', async t => {
    const connection = await connect(t, createClient({ url }))
    t.same(await connection.ask(read), [null, null, BEGINNING, 0, 0, [], []])
    t.same(await connection.change(read, 1000), [null, null, BEGINNING, 0, 0, [], []])
    t.ok(connection.sound)
    const broken = async (client: RedisClient): Promise<unknown> => await client.eval(MARKER, { keys: [], arguments: [] })
    for (const error of [await rejection(connection.ask(broken)), await rejection(connection.change(broken, 1000))]) {
      t.match(error, { code: 'FST_DBGPT_AUTH_REDIS', message: /it refuses, for a reason that is not known here/ }, shown(error))
      t.notOk(error.message.includes(MARKER), shown(error))
    }
    t.ok(connection.sound)
  })

  t.test('an answer that is there while this process was busy is not overdue', async t => {
    const connection = await connect(t, createClient({ url }))
    const answer = connection.ask(read, 50)
    await new Promise(resolve => setImmediate(resolve))
    const begin = performance.now()
    while (performance.now() - begin < 200) { /* busy */ }
    t.ok(await answer)
  })

  t.test('a connection that was cut fails, and is of no more use, whatever its client does', async t => {
    for (const socket of [{}, { reconnectStrategy: false as const }]) {
      const connection = await connect(t, createClient({ url, socket }))
      const waiting = rejection(connection.ask(client => client.xRead({ key: 'x', id: '0-0' }, { COUNT: 1, BLOCK: 0 }), 60_000))
      await until(async () => /cmd=xread/.test(String(await server.send('CLIENT', 'LIST'))))
      await server.send('CLIENT', 'KILL', 'TYPE', 'normal')
      t.match(await waiting, { message: /it ends the connection without an answer/ }, shown(socket))
      t.notOk(connection.sound, shown(socket))
    }
  })

  t.test('a client that connects anew is given up', async t => {
    for (const client of [createClient({ url }), createClient5({ url })]) {
      const connection = await connect(t, client as RedisClient)
      client.emit('reconnecting')
      t.notOk(client.isOpen)
      t.notOk(connection.sound)
      t.match(await rejection(connection.ask(read)), { code: 'FST_DBGPT_AUTH_REDIS' })
    }
  })

  t.test('a client whose connection stands may complain', async t => {
    for (const client of [createClient({ url }), createClient5({ url })]) {
      const connection = await connect(t, client as RedisClient)
      client.emit('error', new Error('NOPERM'))
      t.ok(await connection.ask(read))
      t.notOk(connection.sound)
    }
  })

  t.test('closing fails what waits, and what is asked later', async t => {
    const connection = await connect(t, createClient({ url }))
    const waiting = connection.ask(client => client.xRead({ key: 'x', id: '0-0' }, { COUNT: 1, BLOCK: 0 }), 60_000)
    connection.close()
    t.match(await rejection(waiting), { message: /the store was closed meanwhile/ })
    t.match(await rejection(connection.ask(read)), { message: /the store was closed meanwhile/ })
    t.notOk(connection.sound)
    connection.close()
  })
})
