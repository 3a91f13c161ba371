import { createClient } from '@redis/client'
import t from 'tap'
import { createApiKey, FileKeyStore } from '../../lib/index.ts'
import { layoutOf } from '../../lib/stores/redis/layout.ts'
import { RedisKeyStore } from '../../lib/stores/redis/store.ts'
import { KEY, OTHER_KEY } from '../support/app.ts'
import { keyIn, runCommand } from '../support/cli.ts'
import { runBuiltCommand } from '../support/command.ts'
import { makeKeyFile } from '../support/key-file.ts'
import { freePorts, RedisServer, skip } from '../support/redis.ts'
import { shown } from '../support/shown.ts'

const COMMANDS = 12

async function names (url: string, prefix?: string): Promise<(string | undefined)[]> {
  return (await new RedisKeyStore({ url, prefix }).list()).map(({ name }) => name).sort()
}

t.test('a Redis that is not there is one line, exit code 1, and no secret', async t => {
  const [port] = await freePorts(1)
  for (const args of [['list'], ['create', '--name', 'a'], ['rotate', 'a'], ['revoke', 'a'], ['show', 'a'], ['rename', 'a', 'b']]) {
    const { code, stdout, stderr } = await runCommand([...args, '--store', `redis://:secret@127.0.0.1:${port}`])
    t.match({ code, stdout }, { code: 1, stdout: '' }, args.join(' '))
    t.match(stderr, new RegExp(`^dbgpt-auth: Redis at 127\\.0\\.0\\.1:${port} cannot be used: nothing listens there \\(.*\\): start it.*\\n$`), shown(args))
  }
})

t.test('with a Redis', { skip }, async t => {
  const { url } = await RedisServer.start(t)

  t.test('a key lives from its creation to its end', async t => {
    const env = { API_KEYS_REDIS_URL: url }
    const run = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await runCommand(args, { env })
      t.equal(code, 0, stderr)
      return stdout
    }
    t.match(await runCommand(['list'], { env }), { code: 1, stderr: /holds no list of keys.*create a first key/ })
    const key = keyIn(await run('create', '--name', 'web', '--expires', '90d', '--metadata', '{"plan":"gold"}'))
    t.match(await run('list'), new RegExp(`web +${createApiKey(key).id}`))
    const next = keyIn(await run('rotate', 'web', '--grace', '1h'))
    const [old, young] = (await new RedisKeyStore({ url }).list()).sort((a, b) => Number(a.createdAt) - Number(b.createdAt))
    t.match([old, young], [{ id: createApiKey(key).id }, { id: createApiKey(next).id, name: 'web', metadata: { plan: 'gold' } }])
    t.ok(Number(old?.expiresAt) - Date.now() <= 3_600_000)
    t.match(await run('rename', old?.id as string, 'shop'), `renamed  ${old?.id}  shop\n`)
    t.match(await run('rename', 'shop', 'web'), 'web')
    t.match(await run('revoke', 'web', '--all'), /^revoked +[0-9a-f]{16} +web\nrevoked +[0-9a-f]{16} +web\n$/)
    t.same(await names(url), [])
    t.match(await runCommand(['revoke', 'web'], { env }), { code: 1, stdout: '', stderr: /no key has this id, digest or name/ })
  })

  t.test('a key whose record cannot be read is in no list, and revoked by its id, its digest or its text', async t => {
    const prefix = 'unreadable'
    const place = ['--store', url, '--prefix', prefix]
    const [{ id, digest }, sound] = [createApiKey(KEY), createApiKey({ key: OTHER_KEY, name: 'sound' })]
    await new RedisKeyStore({ url, prefix }).add(sound)
    const client = await createClient({ url }).connect()
    t.teardown(() => { client.destroy() })
    for (const [asked, stdin] of [[id], [id.toUpperCase()], [digest], [`SHA256:${digest}`], ['--stdin', KEY]] as const) {
      await new RedisKeyStore({ url, prefix }).add(createApiKey(KEY))
      await client.hSet(layoutOf(prefix).keys, id, '{')
      t.match(await runCommand(['show', asked, ...place], { stdin }), { code: 1, stdout: '' }, shown(asked))
      t.match(await runCommand(['revoke', asked, ...place], { stdin }), { code: 0, stdout: `revoked  ${id}\n`, stderr: '' }, shown(asked))
      t.equal(await client.hExists(layoutOf(prefix).keys, id), 0, shown(asked))
      t.match(await runCommand(['revoke', asked, ...place], { stdin }), { code: 1, stdout: '', stderr: /^dbgpt-auth: (no key has|the key on)/ }, shown(asked))
    }
    const near = `${sound.digest.slice(0, -1)}${sound.digest.endsWith('0') ? '1' : '0'}`
    t.match(await runCommand(['revoke', near, ...place]), { code: 1, stdout: '', stderr: /no key has/ }, 'a digest that only begins alike')
    t.same(await names(url, prefix), ['sound'])
  })

  t.test('keys are imported, under a prefix of their own', async t => {
    const args = ['import', '--store', url, '--prefix', 'other']
    t.match(await runCommand(args, { stdin: `${KEY},${OTHER_KEY}` }), { code: 0, stdout: '2 imported, 0 already there\n' })
    t.match(await runCommand(args, { stdin: KEY }), { code: 0, stdout: '0 imported, 1 already there\n' })
    t.match(await runCommand(args, { stdin: '[]' }), { code: 0, stdout: '0 imported, 0 already there\n' })
    t.equal((await names(url, 'other')).length, 2)
  })

  t.test('keys move from a file to Redis and back, and nothing is lost of them', async t => {
    const [from, back] = [await makeKeyFile(t), await makeKeyFile(t)]
    const keys = [
      createApiKey({ key: KEY, name: '计\u202e', createdAt: new Date(1e12), expiresAt: new Date(1.1e12), metadata: { plan: ['gold', null] } }),
      createApiKey(OTHER_KEY)
    ]
    await new FileKeyStore(from.file).addAll(keys)
    const place = ['--store', url, '--prefix', 'moved']
    const copy = async (from: readonly string[], ...to: readonly string[]): Promise<string> =>
      (await runCommand(['import', ...to], { stdin: (await runCommand(['list', '--json', ...from])).stdout })).stdout
    // Redis holds no list yet.
    t.equal(await copy(['--store', from.file], ...place, '--dry-run'), '2 would be imported, 0 already there\n')
    t.equal(await copy(['--store', from.file], ...place), '2 imported, 0 already there\n')
    t.equal(await copy(['--store', from.file], ...place, '--dry-run'), '0 would be imported, 2 already there\n')
    t.equal(await copy(place, '--store', back.file), '2 imported, 0 already there\n')
    t.same(new Set(await back.records()), new Set(keys))
  })

  t.test('too few replicas are a failure of each key, and keep none from being changed', async t => {
    for (const name of ['a', 'a']) await runCommand(['create', '--name', name, '--store', url])
    const { code, stdout, stderr } = await runCommand(['revoke', 'a', '--all', '--store', url, '--replicas', '1'])
    t.match({ code, stdout, stderr }, { code: 1, stdout: '', stderr: /stands on the master, but only 0 of 1 replicas/ })
    t.same(await names(url), [])
  })

  t.test(`${COMMANDS} commands at once on the same names: nothing is lost, nothing comes back`, async t => {
    const prefix = 'crowd'
    const place = ['--store', url, '--prefix', prefix]
    const names = ['a', 'b', 'c']
    const doomed: string[] = []
    for (const name of names) {
      const create = async (): Promise<string> => keyIn((await runCommand(['create', '--name', name, ...place])).stdout)
      doomed.push(createApiKey(await create()).id)
      await create()
    }
    const made = (await Promise.all(Array.from({ length: COMMANDS }, async (_, index) => {
      if (index < names.length) return await runBuiltCommand('revoke', doomed[index] as string, ...place)
      const name = names[index % names.length] as string
      return await runBuiltCommand(...(index % 2 === 0 ? ['create', '--name', name] : ['rotate', name]), ...place)
    }))).slice(names.length).map(stdout => createApiKey(keyIn(stdout)).id)
    const ids = (await new RedisKeyStore({ url, prefix }).list()).map(({ id }) => id)
    t.same(made.filter(id => !ids.includes(id)), [], 'no new key is lost')
    t.same(doomed.filter(id => ids.includes(id)), [], 'no revoked key is back')
    t.equal(ids.length, 3 + made.length)
  })
})
