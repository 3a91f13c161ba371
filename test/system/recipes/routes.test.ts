import t from 'tap'
import { createApiKey } from '../../../lib/index.ts'
import { BODY_401, KEY, OTHER_KEY, WRONG_KEY } from '../../support/app.ts'
import { testRecipes } from '../../support/recipes.ts'

await testRecipes(t, 'Routes', {
  'A public route, and one for both': async (t, start) => {
    const { say } = await start()
    t.equal(await say('/health'), '200 ok')
    t.equal(await say('/health', WRONG_KEY), '200 ok')
    t.equal(await say('/'), '200 Hello stranger')
    t.equal(await say('/', KEY), `200 Hello ${createApiKey(KEY).id}`)
  },
  'Another plugin\'s routes made public': async (t, start) => {
    const { say } = await start()
    t.equal(await say('/docs'), '200 the documentation')
    t.equal(await say('/other'), `401 ${BODY_401}`)
  },
  'Different keys for different parts': async (t, start) => {
    const { say } = await start()
    for (const [path, key, answer] of [
      ['/v1/models', KEY, '200 []'], ['/admin/users', OTHER_KEY, '200 []'], ['/admin/users', KEY, `401 ${BODY_401}`]
    ] as const) t.equal(await say(path, key), answer, path)
    t.equal(await say('/admin/users'), `401 ${BODY_401}`)
    t.equal(await say('/v1/models'), `401 ${BODY_401}`)
  }
})
