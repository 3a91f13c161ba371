import type { Page } from 'playwright-core'
import t from 'tap'
import { createApiKey } from 'fastify-dbgpt-auth'
import { KEY } from '../../../test/support/app.ts'
import { contrast, shoot, skip, startBrowser } from '../support/browser.ts'
import { startGateway } from '../support/gateway.ts'
import { startServer } from '../support/upstream.ts'

const LAYOUT = `* { margin: 0 } html, body, #app { height: 100% } a { color: red; display: flex; padding: 40px } [hidden] { display: none }
#app { display: grid; grid-template-rows: auto 1fr auto } #float { position: fixed; right: 24px; bottom: 48px }`
/** As DB-GPT's: a script makes all of the page, within one element, and keeps to it. */
const SCRIPT = `document.getElementById('app').innerHTML =
  '<header><button>Menu</button></header><main>chat</main><footer><input><button>Send</button></footer><button id="float">Smile</button>'
document.title = 'ready'`
const PAGE = '<!doctype html><link rel="stylesheet" href="/app.css"><div id="app"></div><script src="/app.js"></script>'
const POLICIES = [
  ['no policy', undefined, true],
  ['a strict policy', "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'", true],
  ['a policy without style sheets', "default-src 'none'; script-src 'self'", false]
] as const

t.test('DB-GPT\'s pages in a browser are what they were, with a way to log out', { skip }, async t => {
  const { upstream } = await startServer(t, ({ url = '' }, response) => {
    const policy = POLICIES[Number(url.slice(1))]?.[1]
    const [type, body] = url === '/app.js' ? ['text/javascript', SCRIPT] : url === '/app.css' ? ['text/css', LAYOUT] : ['text/html', PAGE]
    response.writeHead(200, { 'content-type': type, ...policy === undefined ? {} : { 'content-security-policy': policy } }).end(body)
  })
  const browser = await startBrowser(t)
  const open = async (badge: string): Promise<{ page: Page, complaints: string[] }> => {
    const { url, store } = await startGateway(t, { upstream, settings: { GATEWAY_BADGE: badge } })
    await store.revoke(createApiKey(KEY).id)
    await store.add(createApiKey({ key: KEY, name: 'alice', expiresAt: new Date('2999-01-01T00:00:00Z') }))
    const profile = await browser.newContext({ baseURL: url, locale: 'en-US', viewport: { width: 640, height: 480 } })
    t.teardown(async () => await profile.close())
    profile.setDefaultTimeout(60_000)
    await profile.request.post('/login', { form: { key: KEY }, headers: { origin: url }, maxRedirects: 0 })
    const page = await profile.newPage()
    const complaints: string[] = []
    page.on('pageerror', error => complaints.push(error.message))
    page.on('console', message => { if (message.type() === 'error') complaints.push(message.text()) })
    return { page, complaints }
  }
  const [on, off] = [await open('on'), await open('off')]
  const badge = on.page.locator('#dbgpt-gateway-badge')

  for (const [i, [title, , isShown]] of POLICIES.entries()) {
    t.test(title, async t => {
      const layouts = []
      for (const { page, complaints } of [on, off]) {
        complaints.length = 0
        await page.goto(`/${i}`)
        await page.waitForFunction("document.title === 'ready'")
        layouts.push(await page.evaluate(`JSON.stringify([
          document.documentElement.scrollHeight, document.documentElement.scrollWidth,
          ...[...document.querySelectorAll('#app, #app *')].map(element => element.getBoundingClientRect())
        ])`))
        await page.getByRole('button', { name: 'Smile' }).click({ trial: true })
        await page.getByRole('button', { name: 'Send' }).click({ trial: true })
      }
      t.equal(layouts[0], layouts[1], 'nothing has moved')
      t.equal(await badge.isVisible(), isShown)
      if (!isShown) return
      t.same(on.complaints, [])
      t.equal(await badge.innerText(), 'log out (alice)')
      const { x = 0, y = 0, width = 0, height = 0 } = await badge.boundingBox() ?? {}
      t.same([x + width, y + height], [640, 480], 'in the corner')
      t.ok(height <= 20 && width <= 120, `small: ${width} by ${height}`)
      await shoot(on.page, `badge-${i}`)
    })
  }

  t.test('can be read, be the page light or dark', async t => {
    for (const color of ['white', 'black']) {
      await on.page.goto('/0')
      await badge.hover()
      await on.page.evaluate(`document.body.style.background = '${color}'`)
      t.ok(await contrast(badge) >= 4.5, color)
    }
  })

  t.test('leads to who is logged in, and out', async t => {
    await on.page.goto('/1')
    await badge.click()
    await on.page.waitForURL('/login')
    t.match(await on.page.locator('dd').allTextContents(), ['alice', createApiKey(KEY).id, /^\d+ \w+ \d{4} at \d\d:\d\d UTC, or after 12 hours without use$/])
    await shoot(on.page, 'session')
    await on.page.getByRole('button', { name: 'Log out' }).click()
    await on.page.locator('#key').waitFor()
    await on.page.goto('/0')
    t.match(on.page.url(), /\/login\?next=%2F0$/)
  })
})
