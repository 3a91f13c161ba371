import helmet from '@fastify/helmet'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import scalar from '@scalar/fastify-api-reference'
import Fastify, { type FastifyPluginAsync } from 'fastify'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import dbgptAuth, { createApiKey } from '../../lib/index.ts'
import { responses, security, securitySchemes, transform } from '../../lib/openapi/transform.ts'
import { KEY } from '../support/app.ts'
import { skip, startBrowser } from '../support/browser.ts'

/** Serves pages about a guarded route, which are public themselves as the recipe has it. */
async function serve (t: Test, pages: FastifyPluginAsync): Promise<string> {
  // Not the harness, which takes the name of an HTML element in Scalar's script for a key.
  const app = Fastify()
  t.teardown(async () => await app.close())
  await app.register(dbgptAuth, { env: {}, keys: [{ key: KEY, scopes: ['flows:read'] }] })
  await app.register(swagger, { openapi: { openapi: '3.1.0', components: { securitySchemes, responses }, security }, transform })
  await app.register(async scope => {
    scope.addHook('onRoute', route => { route.config = { ...route.config, apiKey: false } })
    await scope.register(pages)
  })
  app.get('/flows', { config: { apiKey: { scopes: ['flows:read'] } } }, request => [request.apiKey?.id])
  return await app.listen()
}

/** Does what sends the documented call, and returns what the server answered. */
async function answerTo (page: Page, send: () => Promise<void>): Promise<[status: number, body: string]> {
  const [answer] = await Promise.all([page.waitForResponse('**/flows'), send()])
  return [answer.status(), await answer.text()]
}

/** The error of a failure does not show the key, as Playwright's would. */
async function fill (page: Page, field: string): Promise<void> {
  await page.locator(field).first().fill(KEY).catch(() => { throw new Error(`there is no ${field}`) })
}

const GOOD = [200, JSON.stringify([createApiKey(KEY).id])]

t.test('a page that documents the app sends a key that it was given', { skip }, async t => {
  const page = await (await startBrowser(t)).newPage()
  page.setDefaultTimeout(60_000)

  t.test('by "Authorize" in Swagger UI, beside the policy of Helmet', async t => {
    const url = await serve(t, async scope => {
      await scope.register(helmet)
      await scope.register(swaggerUi)
    })
    await page.goto(`${url}/documentation`)
    const execute = async () => await page.locator('.execute').click()
    await page.locator('.opblock-summary-control').click()
    await page.locator('.try-out__btn').click()
    t.match(await answerTo(page, execute), [401])
    await page.locator('.btn.authorize').click()
    await fill(page, '.auth-container input')
    await page.locator('.auth-btn-wrapper .authorize').click()
    await page.locator('.btn-done').click()
    t.same(await answerTo(page, execute), GOOD)
  })

  t.test('by "Authentication" in Scalar', async t => {
    // Its fonts would come from elsewhere.
    const configuration = { withDefaultFonts: false }
    const url = await serve(t, async scope => { await scope.register(scalar, { routePrefix: '/reference', configuration }) })
    await page.goto(`${url}/reference`)
    const test = page.getByRole('button', { name: /^Test Request/ })
    const send = async () => await page.getByRole('button', { name: /^Send/ }).first().click()
    await test.click()
    t.match(await answerTo(page, send), [401])
    await page.keyboard.press('Escape')
    await fill(page, '.scalar-password-input')
    await test.click()
    t.same(await answerTo(page, send), GOOD)
  })
})
