import t from 'tap'
import { createApiKey } from '../../lib/index.ts'
import { RedisKeyStore } from '../../lib/stores/redis/store.ts'
import { KEY } from '../support/app.ts'
import { keyIn } from '../support/cli.ts'
import { askProgram, makePackageFolder, runShell, snippetsOf } from '../support/documentation.ts'
import { RedisServer, skip } from '../support/redis.ts'

const PAGE = 'docs/scaling.md'

// The programs for a cluster and for Sentinel are run where there are some, in the test of topologies.
t.test('the program of docs/scaling.md for one Redis runs, and guards', { skip }, async t => {
  const { url } = await RedisServer.start(t)
  await new RedisKeyStore({ url }).add(createApiKey(KEY))
  const [program] = await snippetsOf(PAGE, 'js')
  const code = program?.code.replace('redis://localhost:6379', url) ?? ''
  t.same(await askProgram(code, await makePackageFolder(t), { key: KEY }), [404, 401])
})

t.test('the commands of docs/scaling.md make the first key', { skip }, async t => {
  const { url } = await RedisServer.start(t)
  const [lines, ...others] = await snippetsOf(PAGE, 'sh')
  t.same(others, [])
  const { stdout } = await runShell(lines?.code.replace('redis://localhost:6379', url) ?? '')
  t.match(await new RedisKeyStore({ url }).list(), [{ id: createApiKey(keyIn(stdout)).id, name: 'web', expiresAt: Date }])
})

t.test('users with the rights of docs/scaling.md may do what they need, and nothing else', { skip }, async t => {
  const server = await RedisServer.start(t)
  const [rights] = await snippetsOf(PAGE, 'conf')
  const lines = rights?.code.trim().split('\n') ?? []
  t.equal(lines.length, 2)
  for (const line of lines) await server.send(...line.split(' '))
  const as = (user: string): RedisKeyStore => new RedisKeyStore({ url: server.url.replace('//', `//${user}:password@`) })
  const [instance, admin] = [as('instance'), as('admin')]
  const [a, b] = [createApiKey('a'), createApiKey('b')]
  t.equal(await admin.addAll([a, b]), 2)
  await instance.open()
  t.teardown(async () => await instance.close())
  await admin.expire(a.id, new Date(2e12))
  await admin.revoke(b.id)
  t.equal((await admin.list()).length, 1)
  t.match(await instance.list(), [{ id: a.id }])
  for (const store of [instance, admin]) t.equal((await store.history()).length, 3)
  t.same(await server.send('ACL', 'LOG'), [], 'nothing was refused')

  const [, more] = await snippetsOf(PAGE, 'conf')
  await server.send(...(more?.code.trim() ?? '').split(' '))
  instance.countUse(a)
  await instance.close()
  t.match((await admin.usage()).get(a.id), { count: 1 })
  t.same(await server.send('ACL', 'LOG'), [], 'nothing was refused of usage either')
  await t.rejects(instance.revoke(a.id), { code: 'FST_DBGPT_AUTH_REDIS', message: /its user may not/ })
  await t.rejects(instance.add(b), { code: 'FST_DBGPT_AUTH_REDIS', message: /its user may not/ })
})
