import t, { type Test } from 'tap'
import { createApiKey } from 'fastify-dbgpt-auth'
import { bearer, OTHER_KEY, KEY } from '../../../test/support/app.ts'
import { type DbGpt, type Kept, startDbGpt } from '../support/dbgpt.ts'
import { startGateway } from '../support/gateway.ts'
import { type Answer, ask, type Question } from '../support/gateway-client.ts'

const ROTATED_KEY = `${OTHER_KEY}_rotated`

t.test('of two keys, neither is the other in DB-GPT', async t => {
  const { alice, bob, kept } = await startPeople(t)

  const WRITES: readonly (readonly [method: string, path: string])[] = [
    ['POST', '/api/v1/chat/completions'], ['POST', '/api/v1/chat/react-agent'], ['POST', '/api/v2/chat/completions'],
    ['POST', '/api/v1/chat/dialogue/new'], ['POST', '/api/v1/chat/share'], ['POST', '/api/v1/agent/files'],
    ['POST', '/api/v2/serve/file/files/bucket'], ['POST', '/api/v1/conv/feedback/add'], ['POST', '/api/v1/feedback/commit'],
    ['POST', '/api/v2/serve/connectors'], ['POST', '/api/v2/serve/scheduled-tasks'], ['POST', '/api/v2/serve/awel/flows'],
    ['PUT', '/api/v1/serve/awel/flows/1'], ['POST', '/api/v2/serve/awel/variables'], ['POST', '/api/v1/awel/trigger/a/b'],
    ['POST', '/prompt/add'], ['POST', '/api/v1/app/create'], ['POST', '/api/v2/serve/apps'],
    ['POST', '/api/v1/evaluate/evaluation'], ['POST', '/api/v1/agent/install'], ['POST', '/api/v1/worker/models/start']
  ]
  const QUERY = ['user_name', 'user_id', 'user_code', 'user'].map(name => `${name}=alice`).join('&')
  const BODY = JSON.stringify({ user_name: 'alice', user_id: 'alice', user_code: 'alice', creator_name: 'alice', text: 'hello' })

  t.test('nor writes as the other', async t => {
    for (const [method, path] of WRITES) {
      const headers = { 'user-id': 'alice', 'content-type': 'application/json' }
      t.equal((await alice(path, { method, headers, body: BODY })).status, 200, `alice, ${path}`)
      const { status, body } = await bob(`${path}?${QUERY}`, { method, headers, body: BODY })
      t.match([status, JSON.parse(body)], [200, { owner: 'bob' }], path)
    }
  })

  t.test('nor sees or exports what is the other\'s', async t => {
    const LISTS = [
      ['GET', '/api/v1/chat/dialogue/list'], ['GET', '/api/v1/chat/dialogue/export_messages'],
      ['POST', '/api/v1/chat/dialogue/query'], ['POST', '/api/v1/chat/dialogue/query_page'],
      ['GET', '/api/v1/agent/files'], ['POST', '/api/v1/conv/feedback/query_page'], ['GET', '/api/v2/serve/connectors'],
      ['GET', '/api/v2/serve/awel/flows'], ['GET', '/api/v1/serve/awel/chat/flows'], ['GET', '/api/v2/serve/awel/flow/export/1'],
      ['POST', '/prompt/list'], ['POST', '/prompt/query_page'], ['POST', '/api/v1/app/list'], ['POST', '/api/v1/agent/my']
    ] as const
    for (const [method, path] of LISTS) {
      const post = method === 'POST' ? { body: BODY, headers: { 'content-type': 'application/json' } } : {}
      const { status, body } = await bob(`${path}?${QUERY}`, { method, ...post })
      t.equal(status, 200, path)
      t.same((JSON.parse(body) as Kept[]).filter(({ owner }) => owner !== 'bob'), [], path)
    }
  })

  t.test('nor sees it by leaving out who asks, where it is personal', async t => {
    for (const [method, path] of [
      ['GET', '/api/v1/chat/dialogue/list'], ['GET', '/api/v1/chat/dialogue/export_messages'],
      ['POST', '/api/v1/chat/dialogue/query'], ['POST', '/api/v1/chat/dialogue/query_page'],
      ['POST', '/api/v1/conv/feedback/query_page'], ['GET', '/api/v2/serve/connectors'], ['POST', '/api/v1/app/list']
    ] as const) {
      for (const body of method === 'POST' ? ['{}', '{"user_name":null,"user_code":""}', ' { "page" : 1 } '] : ['']) {
        const headers = method === 'POST' ? { 'content-type': 'application/json' } : {}
        for (const query of ['', '?', '?user_name=', '?user_name', '?user_id=&user_name=', '?page=1&user%5Fname=']) {
          const answer = await bob(path + query, { method, body, headers })
          t.equal(answer.status, 200, path + query)
          t.same((JSON.parse(answer.body) as Kept[]).filter(({ owner }) => owner !== 'bob'), [], `${path}${query} ${body}`)
        }
      }
    }
    const own = JSON.parse((await bob('/api/v1/chat/dialogue/list')).body) as Kept[]
    t.ok(own.length >= 3, 'but what is his own')
  })

  t.test('nor deletes or shares what is the other\'s', async t => {
    for (const [kind, path] of [
      ['share', '/api/v1/chat/share/'], ['file', '/api/v1/agent/files/'], ['app', '/api/v2/serve/apps/']
    ] as const) {
      const { id } = kept.find(record => record.kind === kind && record.owner === 'alice') as Kept
      t.equal((await bob(`${path}${id}?${QUERY}`, { method: 'DELETE', headers: { 'user-id': 'alice' } })).status, 403, path)
      t.equal((await alice(`${path}${id}?user_code=alice`, { method: 'DELETE' })).status, 200, path)
    }
  })

  t.test('and nothing is anybody else\'s', async t => {
    t.same(kept.filter(({ owner }) => owner !== null && owner !== 'alice' && owner !== 'bob'), [])
    t.same([...new Set(kept.filter(({ owner }) => owner === null).map(({ kind }) => kind))], ['upload', 'plugin'], 'what the pages share')
  })
})

t.test('two keys of one name are one user, and metadata names another', async t => {
  const { store, url } = await startPeople(t)
  await store.add(createApiKey({ key: ROTATED_KEY, name: 'bob' }))
  const whoIs = async (key: string): Promise<unknown> => {
    const { body } = await ask(`${url}/api/v1/agent/files`, { method: 'POST', headers: bearer(key) })
    return (JSON.parse(body) as Kept).owner
  }
  t.equal(await whoIs(OTHER_KEY), 'bob')
  t.equal(await whoIs(ROTATED_KEY), 'bob')
  const before = createApiKey({ key: `${KEY}_before`, name: 'carol', metadata: { user: '001' } })
  await store.add(before)
  t.equal(await whoIs(`${KEY}_before`), '001', 'who has always been there')
})

t.test('with DBGPT_USERS=off, and without authentication, callers say who they are', async t => {
  for (const options of [{ settings: { DBGPT_USERS: 'off' } }, { auth: { mode: 'off' as const, env: {}, logLevel: 'silent' as const } }]) {
    const { bob } = await startPeople(t, options)
    const type = { 'content-type': 'application/json' }
    for (const [path, question] of [
      ['/api/v1/agent/files', { headers: { 'user-id': 'mallory' } }],
      ['/api/v1/chat/dialogue/new?user_name=mallory', {}],
      ['/api/v2/chat/completions', { headers: type, body: '{"user_name":"mallory"}' }]
    ] as const) {
      t.match(JSON.parse((await bob(path, { method: 'POST', ...question })).body), { owner: 'mallory' }, path)
    }
    t.match(JSON.parse((await bob('/api/v1/agent/files', { method: 'POST' })).body), { owner: '001' }, 'nothing is put in')
  }
})

type Ask = (path: string, question?: Question) => Promise<Answer>

async function startPeople (
  t: Test, options: Parameters<typeof startGateway>[1] = {}
): Promise<{ alice: Ask, bob: Ask } & DbGpt & Awaited<ReturnType<typeof startGateway>>> {
  const dbgpt = await startDbGpt(t)
  const gateway = await startGateway(t, { ...options, upstream: dbgpt.upstream })
  const askAs = (key: string): Ask => async (path, { headers, ...question } = {}) => {
    return await ask(gateway.url + path, { headers: { ...bearer(key), ...headers }, ...question })
  }
  const aliceKey = `${KEY}_alice`
  await gateway.store.add(createApiKey({ key: aliceKey, name: 'alice' }))
  await gateway.store.add(createApiKey({ key: OTHER_KEY, name: 'bob' }))
  return { ...dbgpt, ...gateway, alice: askAs(aliceKey), bob: askAs(OTHER_KEY) }
}
