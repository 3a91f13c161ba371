import t from 'tap'
import { createApiKey } from '../../../lib/index.ts'
import type { RedisClient } from '../../../lib/stores/redis/client.ts'
import { clientOf } from '../../../lib/stores/redis/create-client.ts'
import { Feed } from '../../../lib/stores/redis/feed.ts'
import { layoutOf } from '../../../lib/stores/redis/layout.ts'
import { RedisKeyStore } from '../../../lib/stores/redis/store.ts'
import { KEY } from '../../support/app.ts'
import { RedisServer, skip } from '../../support/redis.ts'
import { until } from '../../support/until.ts'

const later = async (microtasks: number): Promise<void> => { for (let i = 0; i < microtasks; i++) await undefined }

t.test('closing at any moment of the opening leaves nothing connected', { skip }, async t => {
  const server = await RedisServer.start(t)
  await new RedisKeyStore({ url: server.url }).add(createApiKey(KEY))
  const createClient = clientOf(server.url)
  const connections = async (): Promise<number> => String(await server.send('CLIENT', 'LIST')).trim().split('\n').length
  const before = await connections()
  for (let ticks = 0; ticks < 30; ticks++) {
    let closed: Promise<void> | undefined
    const watched = async (): Promise<RedisClient> => {
      const client = await createClient()
      const evaluate = client.eval.bind(client)
      let calls = 0
      client.eval = async (...args) => {
        const answer = await evaluate(...args)
        // Two of them are asked while the list is read; some microtasks after the second it is there.
        if (++calls === 2) later(ticks).then(() => { closed = feed.close() })
        return answer
      }
      return client
    }
    const feed: Feed = new Feed({ createClient: watched, layout: layoutOf('dbgpt-auth'), graceMs: 1000 })
    await feed.open().catch(error => t.match(error, { code: 'FST_DBGPT_AUTH_REDIS', message: /the store was closed meanwhile/ }))
    await until(() => closed !== undefined)
    await closed
    t.notOk(feed.isOpen, `after ${ticks} microtasks`)
  }
  await until(async () => await connections() === before)
})
