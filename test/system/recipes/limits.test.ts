import t from 'tap'
import { BODY_401, KEY, OTHER_KEY, WRONG_KEY } from '../../support/app.ts'
import { testRecipes } from '../../support/recipes.ts'

/** What the rate limits of the recipes are. */
const MAX = 100

await testRecipes(t, 'Limits', {
  'Guesses, limited by address': async (t, start) => {
    const { say } = await start()
    t.equal(await say('/', KEY), '200 ok')
    for (let count = 1; count < MAX; count++) t.match(await say('/', WRONG_KEY), /^401 /, `${count}`)
    for (const path of ['/', '/unknown']) t.match(await say(path, WRONG_KEY), /^429 .*Rate limit exceeded/, path)
    t.match(await say('/', KEY), /^429 .*Rate limit exceeded/, 'the handler is not reached')
  },
  'A quota for each key': async (t, start) => {
    const { say } = await start()
    for (let count = 0; count < MAX; count++) t.equal(await say('/', KEY), '200 ok', `${count}`)
    t.match(await say('/', KEY), /^429 .*Rate limit exceeded/, 'the handler is not reached')
    t.equal(await say('/', OTHER_KEY), '200 ok')
    t.equal(await say('/', WRONG_KEY), `401 ${BODY_401}`)
  }
})
