import t from 'tap'
import { createApiKey } from '../../../lib/index.ts'
import { BODY_401, KEY } from '../../support/app.ts'
import { testRecipes } from '../../support/recipes.ts'

await testRecipes(t, 'Documenting', {
  OpenAPI: async (t, start) => {
    const { say } = await start()
    const document = JSON.parse((await say('/documentation/json')).slice('200 '.length))
    const { '/flows': flows, '/health': health } = document.paths
    t.same([flows.get.security, health.get.security], [[{ dbgptAuth: ['flows:read'] }], []])
    t.match(await say('/documentation/'), /<title>Swagger UI</)
    t.equal(await say('/flows'), `401 ${BODY_401}`)
    t.equal(await say('/flows', KEY), `200 ["${createApiKey(KEY).id}"]`)
  }
})
