import t from 'tap'
import { KEY, WRONG_KEY } from '../../../test/support/app.ts'
import { ask, logIn } from '../support/gateway-client.ts'
import { startRecordedGateway } from '../support/recorder.ts'

const PROXY = { authorization: 'Basic eDp5' }

t.test('KEY_HEADER is another place for the key', async t => {
  const { url, seen } = await startRecordedGateway(t, { settings: { KEY_HEADER: 'X-API-Key' } })
  const statusOf = async (headers: Record<string, string>, method = 'GET'): Promise<number> => {
    return (await ask(`${url}/v1/models`, { method, headers })).status
  }
  const cookie = await logIn(url)

  t.test('beside an Authorization that is the proxy\'s', async t => {
    for (const others of [{}, PROXY, { authorization: 'Bearer a-token-of-the-proxy' }, { cookie, origin: 'https://evil.example' }]) {
      const title = Object.keys(others).join()
      seen.length = 0
      t.equal(await statusOf({ ...others, 'x-api-key': KEY }, 'POST'), 200, title)
      t.notMatch(seen[0]?.raw, /PLAINTEXT|Basic|proxy/, `${title}: DB-GPT does not see it`)
      for (const wrong of [WRONG_KEY, `${KEY}, ${KEY}`, `Bearer ${KEY}`]) t.equal(await statusOf({ ...others, 'x-api-key': wrong }), 401, title)
    }
  })

  t.test('without which the others serve', async t => {
    t.equal(await statusOf({ authorization: `Bearer ${KEY}` }), 200)
    t.equal(await statusOf({ authorization: `Bearer ${KEY}`, 'x-api-key': '' }), 200)
    t.equal(await statusOf(PROXY), 401)
    for (const authorization of [PROXY.authorization, 'Bearer a-token-of-the-proxy']) {
      t.equal(await statusOf({ authorization, cookie }), 200, 'a session, too')
      t.equal(await statusOf({ authorization, cookie }, 'POST'), 403, 'whose origin counts')
      t.equal(await statusOf({ authorization, cookie, origin: url }, 'POST'), 200)
    }
  })
})

t.test('without KEY_HEADER no other header is a place for keys', async t => {
  const { url } = await startRecordedGateway(t)
  t.equal((await ask(`${url}/v1/models`, { headers: { 'x-api-key': KEY } })).status, 401)
})

t.test('wrong keys in it are guesses', async t => {
  const { url } = await startRecordedGateway(t, { settings: { KEY_HEADER: 'x-api-key' }, maxAttempts: 2 })
  const statuses = []
  for (let i = 0; i < 3; i++) statuses.push((await ask(`${url}/v1/models`, { headers: { 'x-api-key': WRONG_KEY } })).status)
  t.same(statuses, [401, 401, 429])
})
