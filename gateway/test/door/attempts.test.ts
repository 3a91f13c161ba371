import t from 'tap'
import { bearer, WRONG_KEY } from '../../../test/support/app.ts'
import { ask, sendForm } from '../support/gateway-client.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { keepLog } from '../../../test/support/log-lines.ts'
import { RedisServer, skip } from '../../../test/support/redis.ts'
import { until } from '../../../test/support/until.ts'

const guess = async ({ url }: Gateway): Promise<number> => (await ask(`${url}/v1/models`, { headers: bearer(WRONG_KEY) })).status

t.test('guesses are counted across instances that share a Redis', { skip }, async t => {
  const redis = await RedisServer.start(t)
  const { lines, logger } = keepLog()
  const start = async (): Promise<Gateway> => {
    return await startGateway(t, { maxAttempts: 4, logger, settings: { API_KEYS_REDIS_URL: redis.url } })
  }
  const [first, second] = [await start(), await start()]
  const forget = async (): Promise<unknown> => await redis.send('FLUSHALL')

  t.test('by Bearer and by the form', async t => {
    const statuses = []
    for (const each of [first, second, first]) statuses.push(await guess(each))
    statuses.push((await sendForm(second.url, { key: WRONG_KEY })).status)
    t.same(statuses, [401, 401, 401, 401])
    t.same([await guess(first), await guess(second)], [429, 429])
    const login = await sendForm(first.url)
    t.equal(login.status, 429, 'the form does not even tell of a right one')
    t.match(login.headers['retry-after'], /^([1-9]|[1-5]\d|60)$/)
    t.equal((await ask(`${second.url}/v1/models`, { headers: bearer() })).status, 200, 'a right key passes')
  })

  t.test('for a minute, however the count came to be', async t => {
    const [name = '', ...others] = await redis.send('KEYS', 'dbgpt-gateway:attempts:*') as string[]
    t.same([name, ...others], ['dbgpt-gateway:attempts:127.0.0.1'])
    const rest = async (): Promise<number> => Number(await redis.send('PTTL', name))
    t.ok(await rest() > 0 && await rest() <= 60_000)
    await redis.send('PERSIST', name)
    const third = await start()
    t.equal(await guess(third), 429)
    t.ok(await rest() > 0 && await rest() <= 60_000, 'one that would stay for ever is given an end')
  })

  t.test('and without the Redis, or with one that refuses, each for itself', async t => {
    await forget()
    const { url } = redis
    await redis.send('ACL', 'SETUSER', 'gateway', 'on', '>a-password', '~dbgpt-gateway:*', '+get')
    const settings = { API_KEYS_REDIS_URL: url.replace('//', '//gateway:a-password@') }
    const refused = await startGateway(t, { maxAttempts: 1, logger, settings })
    t.same([await guess(refused), await guess(refused)], [401, 429])
    t.match(lines.filter(({ msg }) => msg.includes('guesses')), [{ msg: 'The Redis in which guesses are counted refuses: its user may not do all that docs/gateway.md lists (NOPERM)' }])
    await redis.kill()
    const alone = await startGateway(t, { maxAttempts: 1, logger, settings: { API_KEYS_REDIS_URL: url } })
    t.same([await guess(alone), await guess(alone)], [401, 429])
    t.notMatch(JSON.stringify(lines), 'a-password')
    await redis.run()
    const fresh = await startGateway(t, { maxAttempts: 1, logger, settings: { API_KEYS_REDIS_URL: url } })
    await until(() => lines.some(({ msg }) => msg === 'The Redis in which guesses are counted is back'))
    t.equal(await guess(fresh), 401)
    await redis.send('SET', 'dbgpt-gateway:attempts:127.0.0.1', '1', 'PX', '60000')
    t.equal((await sendForm(fresh.url)).status, 429, 'what others have counted counts')
  })
})
