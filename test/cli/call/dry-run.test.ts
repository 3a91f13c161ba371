import { readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import t from 'tap'
import { assertChangeable, listForAdding } from '../../../lib/cli/call/dry-run.ts'
import { createApiKey, FileKeyStore } from '../../../lib/index.ts'
import { layoutOf } from '../../../lib/stores/redis/layout.ts'
import { RedisKeyStore } from '../../../lib/stores/redis/store.ts'
import { KEY, rejection } from '../../support/app.ts'
import { makeKeyFile } from '../../support/key-file.ts'
import { freePorts, RedisServer, skip } from '../../support/redis.ts'

t.test('a store that is yet to be made, or blank, holds no keys, and is not made', async t => {
  const { file } = await makeKeyFile(t)
  t.same(await listForAdding(new FileKeyStore(file)), [])
  t.same(await readdir(dirname(file)), [])
  await writeFile(file, '\n')
  t.same(await listForAdding(new FileKeyStore(file)), [])
  t.equal(await readFile(file, 'utf8'), '\n')
  await new FileKeyStore(file).add(createApiKey(KEY))
  t.same(await listForAdding(new FileKeyStore(file)), [createApiKey(KEY)])
})

t.test('what a change would fail of is told without one', async t => {
  const { file } = await makeKeyFile(t)
  await writeFile(file, KEY)
  t.match(await rejection(assertChangeable(new FileKeyStore(file))), { code: 'FST_DBGPT_AUTH_KEY_FILE_PLAIN' })
  t.match(await rejection(assertChangeable(new FileKeyStore(`${file}/keys`))), { code: 'FST_DBGPT_AUTH_KEY_FILE_WRITE' })
  t.match(await rejection(listForAdding(new FileKeyStore(`${file}/keys`))), { code: 'FST_DBGPT_AUTH_KEY_FILE_WRITE' })
  const [port] = await freePorts(1)
  t.match(await rejection(listForAdding(new RedisKeyStore({ url: `redis://127.0.0.1:${port}` }))), { code: 'FST_DBGPT_AUTH_REDIS' })
  await writeFile(file, '{')
  t.match(await rejection(listForAdding(new FileKeyStore(file))), { code: 'FST_DBGPT_AUTH_KEY_FILE_INVALID' })
})

t.test('a list that has lost keys can be changed, and not be counted', { skip }, async t => {
  const server = await RedisServer.start(t)
  const store = new RedisKeyStore({ url: server.url })
  t.same(await listForAdding(store), [], 'none yet')
  await store.add(createApiKey(KEY))
  t.same(await listForAdding(store), [createApiKey(KEY)])
  await server.send('DEL', layoutOf('dbgpt-auth').keys)
  await assertChangeable(store)
  t.match(await rejection(listForAdding(store)), { code: 'FST_DBGPT_AUTH_REDIS', message: /INCOMPLETE/ })
})
