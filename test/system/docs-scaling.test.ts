import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createCluster, createSentinel } from '@redis/client'
import t, { type Test } from 'tap'
import { createApiKey } from '../../lib/index.ts'
import { RedisKeyStore, type RedisKeyStoreOptions } from '../../lib/stores/redis/store.ts'
import { KEY, WRONG_KEY } from '../support/app.ts'
import { keyIn } from '../support/cli.ts'
import { bareNode } from '../support/process.ts'
import { RedisServer, skip } from '../support/redis.ts'
import { RedisCluster, RedisSentinels } from '../support/redis-cluster.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '..', '..')
const text = await readFile(join(ROOT, 'docs', 'scaling.md'), 'utf8')
const snippets = (language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, code]) => code as string)

/** Runs a program of the page against a store that has a key, and asserts that it guards. */
async function assertGuards (t: Test, program: string | undefined, options: RedisKeyStoreOptions): Promise<void> {
  await new RedisKeyStore(options).add(createApiKey(KEY))
  await mkdir(join(ROOT, 'build'), { recursive: true })
  const folder = await mkdtemp(join(ROOT, 'build', 'snippet-'))
  t.teardown(async () => await rm(folder, { recursive: true }))
  const ask = 'async key => (await app.inject({ url: \'/\', headers: { authorization: \'Bearer \' + key } })).statusCode'
  const end = `const ask = ${ask}\nconsole.log(await ask('${KEY}'), await ask('${WRONG_KEY}'))\nawait app.close()\n`
  await writeFile(join(folder, 'server.mjs'), `${program}\n${end}`)
  const { stdout } = await run(...bareNode([join(folder, 'server.mjs')]))
  t.match(stdout, /^404 401\n/m)
}

t.test('the programs of docs/scaling.md run, and guard', { skip }, async t => {
  const [single, cluster, sentinel, ...others] = snippets('js')
  t.same(others, [])

  t.test('single', async t => {
    const { url } = await RedisServer.start(t)
    await assertGuards(t, single?.replace('redis://localhost:6379', url), { url })
  })

  t.test('cluster', async t => {
    const { options } = await RedisCluster.start(t)
    const program = cluster?.replace(/rootNodes: .*/, `rootNodes: ${JSON.stringify(options.rootNodes)},`)
    await assertGuards(t, program, { createClient: () => createCluster(options) })
  })

  t.test('Sentinel', async t => {
    const { options } = await RedisSentinels.start(t)
    const { name, sentinelRootNodes } = options
    const program = sentinel?.replace('\'mymaster\'', JSON.stringify(name))
      .replace(/sentinelRootNodes: .*\]/, `sentinelRootNodes: ${JSON.stringify(sentinelRootNodes)}`)
    await assertGuards(t, program, { createClient: () => createSentinel(options) })
  })
})

t.test('the commands of docs/scaling.md make the first key', { skip }, async t => {
  const { url } = await RedisServer.start(t)
  const [lines, ...others] = snippets('sh')
  t.same(others, [])
  const tools = `npm () { :; }\nnpx () { shift; node ${join(ROOT, 'dist', 'cli', 'bin.js')} "$@"; }\n`
  const { stdout } = await run('env', ['-u', 'NODE_OPTIONS', 'bash', '-c', tools + lines?.replace('redis://localhost:6379', url)])
  t.match(await new RedisKeyStore({ url }).list(), [{ id: createApiKey(keyIn(stdout)).id, name: 'web', expiresAt: Date }])
})

t.test('users with the rights of docs/scaling.md may do what they need, and nothing else', { skip }, async t => {
  const server = await RedisServer.start(t)
  const lines = snippets('conf')[0]?.trim().split('\n') ?? []
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
  t.same(await server.send('ACL', 'LOG'), [], 'nothing was refused')
  await t.rejects(instance.revoke(a.id), { code: 'FST_DBGPT_AUTH_REDIS', message: /its user may not/ })
  await t.rejects(instance.add(b), { code: 'FST_DBGPT_AUTH_REDIS', message: /its user may not/ })
})
