import t from 'tap'
import { createApiKey } from '../../../lib/index.ts'
import { RedisKeyStore } from '../../../lib/stores/redis/store.ts'
import { keyIn, runCommand } from '../../support/cli.ts'
import { makeKeyFile } from '../../support/key-file.ts'
import { RedisServer, skip } from '../../support/redis.ts'
import { shown } from '../../support/shown.ts'

t.test('a key is shown once it is stored', async t => {
  const { file, records } = await makeKeyFile(t)
  const { code, stdout, stderr } = await runCommand(['create', '--name', 'web', '--store', file])
  t.equal(code, 0)
  t.same((await records()).map(({ id }) => id), [createApiKey(keyIn(stdout)).id])
  t.match(stderr, /^Keep the key now: it is not shown again\.\n$/)
})

t.test('a key that was not stored is not shown', async t => {
  const { file } = await makeKeyFile(t)
  const { code, stdout, stderr } = await runCommand(['create', '--name', 'web', '--store', `${file}/nowhere/keys.json`])
  t.equal(code, 1)
  t.equal(stdout, '')
  t.notMatch(stderr, /Keep the key/)
})

t.test('a key that may have been stored is shown, though the command fails', { skip }, async t => {
  const { url } = await RedisServer.start(t)
  for (const quiet of [[], ['--quiet']]) {
    const { code, stdout, stderr } = await runCommand(['create', '--name', 'web', '--store', url, '--replicas', '1', ...quiet])
    t.equal(code, 1, shown(quiet))
    t.match(stderr, /The change stands on the master, but only 0 of 1 replicas have confirmed it/, shown(quiet))
    t.equal(/Keep the key/.test(stderr), quiet.length === 0, shown(quiet))
    const ids = (await new RedisKeyStore({ url }).list()).map(({ id }) => id)
    t.ok(ids.includes(createApiKey(keyIn(stdout)).id), shown(quiet))
  }
})
