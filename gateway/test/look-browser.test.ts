import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { createApiKey } from 'fastify-dbgpt-auth'
import { KEY, WRONG_KEY } from '../../test/support/app.ts'
import { contrast, logIn, openSite, shoot, skip, startBrowser } from './support/browser.ts'
import { startGateway } from './support/gateway.ts'
import { startServer } from './support/upstream.ts'

const WIDTHS = [320, 390, 1280]
const LONG_NAME = 'a-name-that-somebody-made-with-a-generator-of-names-and-never-read-again'

t.test('what people see of the gateway', { skip }, async t => {
  const browser = await startBrowser(t)
  for (const [language, locale] of [['en', 'en-US'], ['zh', 'zh-CN']] as const) {
    t.test(`in ${language}`, async t => {
      const { page, store, url, complaints, logInAside } = await openSite(t, browser, { locale })
      await store.add(createApiKey({ key: `${KEY}_long`, name: LONG_NAME }))

      await page.goto('/login')
      await looksRight(t, page, `login-${language}`, ['h1', 'label', '#show', '#key', '.hint', '.primary', '.mark'])
      await logIn(page, WRONG_KEY)
      await page.getByRole('alert').waitFor()
      await looksRight(t, page, `login-error-${language}`, ['[role=alert]', '#key'])

      await logIn(page, `${KEY}_long`)
      await page.waitForURL('/')
      await page.goto('/login?next=/flows')
      await looksRight(t, page, `session-${language}`, ['h1', 'dt >> nth=0', 'dd >> nth=0', '.primary', 'form .button'])
      t.equal(await page.locator('.primary').count(), 1, 'one thing to do first')
      await page.locator('.primary').click()
      await page.waitForURL('/flows')
      await page.getByRole('listitem').nth(1).waitFor()
      await looksRight(t, page, `flows-${language}`, ['h1', 'li strong >> nth=0', 'li span >> nth=0', '#reload', 'form button'])
      await store.revoke(createApiKey(`${KEY}_long`).id)
      await page.locator('#reload').click()
      await page.locator('#notification').waitFor()
      await looksRight(t, page, `flows-revoked-${language}`, ['#notification'])

      await logInAside()
      const upstream = await startFaulty(t, url)
      for (const [status, lead] of [
        [502, async () => await page.goto(`${upstream.gateway}/lost`)],
        [504, async () => await page.goto(`${upstream.gateway}/hangs`)],
        [403, async () => {
          await page.goto(`${upstream.own}/form`)
          await Promise.all([page.waitForURL(`${url}/x`), page.locator('button').click()])
        }]
      ] as const) {
        await lead()
        await page.getByText(String(status)).waitFor()
        await looksRight(t, page, `fault-${status}-${language}`, ['h1', 'main p >> nth=0', '.primary', '.hint'])
      }
      t.same(complaints, [], 'and no page breaks its own policy')
    })
  }
})

/** Starts a server that breaks off, hangs, and has a form for a gateway that is not its own; and a gateway before it. */
async function startFaulty (t: Test, other: string): Promise<{ own: string, gateway: string }> {
  const { upstream } = await startServer(t, (request, response) => {
    if (request.url === '/lost') response.destroy()
    if (request.url === '/form') {
      response.setHeader('content-type', 'text/html')
      response.end(`<form method="post" action="${other}/x"><button>Send</button></form>`)
    }
  })
  const open = { keys: [], env: { API_AUTH: 'off' }, logLevel: 'silent' } as const
  const { url } = await startGateway(t, { upstream, upstreamTimeoutMs: 100, auth: open })
  return { own: upstream, gateway: url }
}

/** Looks at a page in all widths and both colour schemes, and saves what it looks like. */
async function looksRight (t: Test, page: Page, name: string, selectors: readonly string[]): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 640 })
      await shoot(page, `${name}-${width}-${colorScheme}`)
      const cut = await page.evaluate(`[...document.querySelectorAll('body, body *:not(input, #dbgpt-gateway-badge)')]
        .filter(({ scrollWidth, clientWidth }) => clientWidth > 0 && scrollWidth > clientWidth)
        .map(({ outerHTML }) => outerHTML.slice(0, 60)).join()`)
      t.equal(cut, '', `nothing is cut off in ${name}, ${width} wide`)
      t.equal(await page.evaluate('document.documentElement.scrollWidth'), width, `${name}, ${width} wide`)
    }
    for (const selector of selectors) t.ok(await contrast(page.locator(selector)) >= 4.5, `${selector} of ${name} in ${colorScheme}`)
  }
}
