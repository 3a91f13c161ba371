import { execFileSync } from 'node:child_process'
import net from 'node:net'
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import t from 'tap'
import { buildGateway } from '../../lib/app.ts'
import { limitConnections } from '../../lib/door/descriptors.ts'
import { bearer, type LogLine } from '../../../test/support/app.ts'
import { ask } from '../support/gateway-client.ts'
import { SETTINGS, startGateway } from '../support/gateway.ts'
import { keepLog } from '../../../test/support/log-lines.ts'
import { until } from '../../../test/support/until.ts'

t.test('where descriptors run out, connections are turned away, and the log says so once', async t => {
  const { lines, logger } = keepLog()
  const errors = (): LogLine[] => lines.filter(({ level }) => level >= 50)
  const { app, url } = await startGateway(t, { descriptors: 104, logger })
  const { port } = app.server.address() as AddressInfo
  const sockets = Array.from({ length: 40 }, () => net.connect(port, '127.0.0.1').on('error', () => {}).resume())
  t.teardown(() => { for (const socket of sockets) socket.destroy() })
  const open = (): number => sockets.filter(({ destroyed }) => !destroyed).length
  await until(() => open() === 20)
  t.match(errors(), [{
    level: 50,
    connections: 20,
    ip: '127.0.0.1',
    msg: 'Connections are turned away: 20 are open, which is what 104 file descriptors allow. Raise that limit: ulimit -n, or LimitNOFILE of a systemd unit'
  }])
  for (const socket of sockets) socket.destroy()
  await until(async () => await ask(`${url}/v1/models`, { headers: bearer() }).then(({ status }) => status === 200, () => false))
  t.equal(errors().length, 1)
})

t.test('a fault of the listener is logged, and ends nothing', async t => {
  const { lines, logger } = keepLog()
  const errors = (): LogLine[] => lines.filter(({ level }) => level >= 50)
  const { app, url } = await startGateway(t, { logger })
  app.server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }))
  t.match(errors(), [{ level: 50, msg: 'Connections cannot be accepted: EMFILE' }])
  t.equal((await ask(`${url}/health`)).status, 200)
})

t.test('the limit is the process\'s own', { skip: process.platform === 'win32' && 'Windows has no such limit' }, async t => {
  // Node raises the soft limit to the hard one when it starts.
  const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim()
  const app = await buildGateway({ settings: SETTINGS, upstream: 'http://127.0.0.1:1', auth: { mode: 'off', env: {}, logLevel: 'silent' } })
  t.teardown(async () => await app.close())
  t.equal(app.server.maxConnections, limit === 'unlimited' ? undefined : Math.floor((Number(limit) - 64) / 2))
})

t.test('where the system names no limit, there is none', async t => {
  const limitOf = (userLimits: object | undefined): number | undefined => {
    t.intercept(process.report, 'getReport', { value: () => ({ userLimits }) })
    const app = Fastify()
    limitConnections(app)
    return app.server.maxConnections
  }
  t.equal(limitOf(undefined), undefined, 'as on Windows')
  t.equal(limitOf({ open_files: { soft: 'unlimited' } }), undefined)
  t.equal(limitOf({ open_files: { soft: 1024 } }), 480)
  t.equal(limitOf({ open_files: { soft: 1 } }), 1)
})
