import t from 'tap'
import { createApiKey } from '../../lib/index.ts'
import { RedisKeyStore } from '../../lib/stores/redis/store.ts'
import { KEY, OTHER_KEY } from '../support/app.ts'
import { keyIn, runCommand } from '../support/cli.ts'
import { runBuiltCommand } from '../support/command.ts'
import { freePorts, RedisServer, skip } from '../support/redis.ts'
import { shown } from '../support/shown.ts'

const COMMANDS = 12

async function names (url: string, prefix?: string): Promise<(string | undefined)[]> {
  return (await new RedisKeyStore({ url, prefix }).list()).map(({ name }) => name).sort()
}

t.test('a Redis that is not there is one line, exit code 1, and no secret', async t => {
  const [port] = await freePorts(1)
  for (const args of [['list'], ['create', '--name', 'a'], ['rotate', 'a'], ['revoke', 'a']]) {
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
    t.match(await run('revoke', 'web'), /^revoked +[0-9a-f]{16} +web\nrevoked +[0-9a-f]{16} +web\n$/)
    t.same(await names(url), [])
    t.match(await runCommand(['revoke', 'web'], { env }), { code: 1, stdout: '', stderr: /no key has this id or name/ })
  })

  t.test('keys are imported, under a prefix of their own', async t => {
    const args = ['import', '--store', url, '--prefix', 'other']
    t.match(await runCommand(args, { stdin: `${KEY},${OTHER_KEY}` }), { code: 0, stdout: '2 imported, 0 already there\n' })
    t.match(await runCommand(args, { stdin: KEY }), { code: 0, stdout: '0 imported, 1 already there\n' })
    t.equal((await names(url, 'other')).length, 2)
  })

  t.test('too few replicas are a failure of each key, and keep none from being changed', async t => {
    for (const name of ['a', 'a']) await runCommand(['create', '--name', name, '--store', url])
    const { code, stdout, stderr } = await runCommand(['revoke', 'a', '--store', url, '--replicas', '1'])
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
