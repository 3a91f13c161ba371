import t, { type Test } from 'tap'
import { createApiKey } from '../../../lib/index.ts'
import { serializeKeyFile } from '../../../lib/stores/file/key-file.ts'
import { BODY_401, KEY, OTHER_KEY, WRONG_KEY } from '../../support/app.ts'
import type { Ask } from '../../support/recipe.ts'
import { testRecipes } from '../../support/recipes.ts'
import { RedisServer, skip } from '../../support/redis.ts'

/** What the rate limits of the recipes are. */
const MAX = 100

/** Asks one after the other, of which each answer must be the same. */
async function askAll (t: Test, programs: readonly Ask[], count: number, key: string, answer: RegExp): Promise<void> {
  for (let index = 0; index < count; index++) {
    const { say } = programs[index % programs.length] as Ask
    const got = await say('/', key)
    if (!answer.test(got)) t.match(got, answer, `${index}`)
  }
  t.ok(count, `${count} answers like ${answer}`)
}

await testRecipes(t, 'Limits', {
  'Guesses, limited by address': async (t, start) => {
    const ask = await start()
    t.equal(await ask.say('/', KEY), '200 ok')
    await askAll(t, [ask], MAX - 1, WRONG_KEY, /^401 /)
    for (const path of ['/', '/unknown']) t.match(await ask.say(path, WRONG_KEY), /^429 .*Rate limit exceeded/, path)
    t.match(await ask.say('/', KEY), /^429 .*Rate limit exceeded/, 'the handler is not reached')
  },
  'A quota for each key': async (t, start) => {
    const ask = await start()
    await askAll(t, [ask], MAX, KEY, /^200 ok$/)
    t.match(await ask.say('/', KEY), /^429 .*Rate limit exceeded/, 'the handler is not reached')
    t.match(await ask.say('/unknown', KEY), /^404 /)
    t.equal(await ask.say('/', OTHER_KEY), '200 ok')
    t.equal(await ask.say('/', WRONG_KEY), `401 ${BODY_401}`)
  },
  'Both limits at once': async (t, start) => {
    const ask = await start()
    await askAll(t, [ask], MAX, KEY, /^200 ok$/)
    t.match(await ask.say('/', KEY), /^429 /, 'the quota of the key')
    await askAll(t, [ask], MAX - 1, OTHER_KEY, /^200 ok$/)
    for (const key of [WRONG_KEY, OTHER_KEY]) t.match(await ask.say('/', key), /^429 /, 'the limit of the address')
  },
  'A quota of each key\'s own': async (t, start) => {
    const keys = [createApiKey({ key: KEY, metadata: { perMinute: 3 } }), createApiKey(OTHER_KEY)]
    const ask = await start({ env: { API_KEYS: '', API_KEYS_FILE: 'keys.json' }, files: { 'keys.json': serializeKeyFile(keys) } })
    await askAll(t, [ask], 3, KEY, /^200 ok$/)
    t.match(await ask.say('/', KEY), /^429 .*Rate limit exceeded/)
    await askAll(t, [ask], MAX, OTHER_KEY, /^200 ok$/)
    t.match(await ask.say('/', OTHER_KEY), /^429 .*Rate limit exceeded/)
    t.equal(await ask.say('/', WRONG_KEY), `401 ${BODY_401}`)
  },
  'Limits that instances share': async (t, start) => {
    await t.test('with a real Redis', { skip }, async t => {
      const redis = await RedisServer.start(t)
      const env = { REDIS_URL: redis.url }
      const lenient = (code: string): string => code.replaceAll('nameSpace:', 'skipOnError: true, nameSpace:')
      const programs = await Promise.all([start({ env }), start({ env, change: lenient })])
      await askAll(t, programs, MAX, KEY, /^200 ok$/)
      for (const { say } of programs) t.match(await say('/', KEY), /^429 .*Rate limit exceeded/, 'the quota of the key')
      await askAll(t, programs, MAX - 2, WRONG_KEY, /^401 /)
      for (const { say } of programs) t.match(await say('/', OTHER_KEY), /^429 /, 'the limit of the address')
      redis.signal('SIGSTOP')
      const [strict, open] = programs
      t.match(await strict.say('/', KEY), /^500 /)
      t.match(await strict.say('/', WRONG_KEY), /^500 /)
      t.equal(await open.say('/', KEY), '200 ok')
      t.equal(await open.say('/', WRONG_KEY), `401 ${BODY_401}`)
    })
  }
})
