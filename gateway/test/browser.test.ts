import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import t from 'tap'
import { createApiKey } from 'fastify-dbgpt-auth'
import { KEY, MARKER, WRONG_KEY } from '../../test/support/app.ts'
import { logIn, openSite, shoot, skip, startBrowser } from './support/browser.ts'
import { startGateway } from './support/gateway.ts'

const FLOWS = ['First AWEL Flow (first_awel_flow)', 'My LLM Flow (my_llm_flow)']
const LOGIN = '/login?next=%2Fflows'

t.test('the gateway in a browser', { skip }, async t => {
  const browser = await startBrowser(t)
  const site = await openSite(t, browser)
  const { page, store, asked, complaints } = site
  t.beforeEach(async () => await site.reset())

  t.test('without keys the flows page works, and /login leads on', async t => {
    const { url } = await startGateway(t, { auth: { keys: [], env: {} } })
    await page.goto(`${url}/flows`)
    t.equal(pathOf(page), '/flows')
    await showsFlows(page)
    await shoot(page, 'flows-without-keys')
    await page.goto(url + LOGIN)
    t.equal(pathOf(page), '/flows')
    await showsFlows(page)
    t.same(complaints, [])
  })

  t.test('leads to the login, one small file, and after it back, with a cookie that no script sees', async t => {
    const response = await page.goto('/flows')
    t.equal(pathOf(page), LOGIN)
    t.ok((await response?.body() ?? '').length < 9000)
    t.match(await response?.headerValue('content-security-policy'), /default-src 'none'/)
    t.same(asked, ['GET /flows', `GET ${LOGIN}`], 'the page asks for nothing else')
    await shoot(page, 'login')
    await logIn(page, KEY)
    await showsFlows(page)
    t.equal(pathOf(page), '/flows')
    await shoot(page, 'flows')
    t.match(await page.context().cookies(), [{ name: 'dbgpt-session', httpOnly: true, sameSite: 'Lax', path: '/', domain: '127.0.0.1' }])
    t.equal(await page.evaluate('document.cookie'), '')
    t.same(complaints, [], 'and breaks no rule of its own policy')
  })

  t.test('says what is wrong with a key, and does not show it', async t => {
    await page.goto(LOGIN)
    await logIn(page, '')
    t.equal(await page.locator('#key:invalid').count(), 1)
    t.same(asked, [`GET ${LOGIN}`], 'a blank form is not sent')
    for (const [key, text] of [
      ['  ', 'Enter your API key'], [`${KEY} ${KEY}`, 'This is no'], [WRONG_KEY, 'This key is not valid']
    ] as const) {
      await logIn(page, key)
      await page.getByRole('alert').filter({ hasText: text }).waitFor()
      t.equal(await page.locator('#key').getAttribute('aria-invalid'), 'true', text)
      t.equal(await page.locator('#key').inputValue(), '', text)
      t.notOk((await page.content() + page.url()).includes(MARKER), text)
      t.match(await page.title(), /^⚠ /, text)
    }
    await shoot(page, 'login-error')
    await logIn(page, KEY)
    await showsFlows(page)
    t.equal(pathOf(page), '/flows', 'where to go on to outlives an error')
  })

  t.test('shows DB-GPT\'s own notification once the key is revoked, and then the login', async t => {
    await site.logInAside()
    await page.goto('/flows')
    await showsFlows(page)
    await store.revoke(createApiKey(KEY).id)
    await page.getByRole('button', { name: 'Reload' }).click()
    const notification = page.getByRole('alert').filter({ hasText: 'Request error' })
    await notification.waitFor()
    t.match(await notification.textContent(), /'Your session has ended, log in again: \/login'.*'invalid_api_key'/)
    await shoot(page, 'flows-revoked')
    await page.goto('/flows')
    t.equal(pathOf(page), LOGIN)
    t.same(await page.context().cookies(), [])
    t.same(complaints, [])
  })

  for (const [speaks, locale, stored, text] of [
    ['the browser\'s language', 'zh-CN', {}, '登录已失效，请重新登录：/login'],
    ['the language that was chosen on DB-GPT\'s pages', 'zh-CN', { __db_gpt_lng_key: 'en' }, 'Your session has ended, log in again: /login'],
    ['Chinese on DB-GPT\'s pages, before one was chosen', 'en-US', { __db_gpt_uinfo_key: '{}' }, '登录已失效，请重新登录：/login'],
    ['the browser\'s language where another was stored', 'en-US', { __db_gpt_lng_key: 'fr; path=/x' }, 'Your session has ended']
  ] as const) {
    t.test(`tells people to log in again in ${speaks}`, async t => {
      const { page, store, complaints, logInAside } = await openSite(t, browser, { locale })
      await logInAside()
      await page.goto('/flows')
      await page.evaluate(`Object.assign(localStorage, ${JSON.stringify(stored)})`)
      await page.goto('/flows', { waitUntil: 'load' })
      await showsFlows(page)
      await store.revoke(createApiKey(KEY).id)
      await page.getByRole('button', { name: 'Reload' }).click()
      await page.getByRole('alert').filter({ hasText: text }).waitFor()
      t.match(await page.getByRole('alert').textContent(), 'invalid_api_key')
      await shoot(page, `session-ended-${locale}-${Object.keys(stored).join()}`)
      t.same(complaints, [])
    })
  }

  t.test('tells at once what language was chosen by a click', async t => {
    const { page, store, logInAside } = await openSite(t, browser)
    await logInAside()
    await page.goto('/flows')
    await showsFlows(page)
    // As DB-GPT's switch does it.
    await page.evaluate("document.querySelector('h1').addEventListener('click', () => localStorage.setItem('__db_gpt_lng_key', 'zh'))")
    await page.getByRole('heading').click()
    await store.revoke(createApiKey(KEY).id)
    await page.getByRole('button', { name: 'Reload' }).click()
    await page.getByRole('alert').filter({ hasText: '登录已失效' }).waitFor()
  })

  t.test('logs out by the page\'s button, and asks again', async t => {
    await site.logInAside()
    await page.goto('/flows')
    await showsFlows(page)
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.waitForURL('/login')
    t.same(await page.context().cookies(), [])
    await page.goBack({ waitUntil: 'commit' })
    await shoot(page, 'back-after-logout')
    t.equal(pathOf(page), LOGIN)
    await page.goto('/flows')
    t.equal(pathOf(page), LOGIN)
  })

  t.test('can be used by the keyboard alone, and shows where it is', async t => {
    await page.goto(LOGIN)
    // A page is loaded before the browser gives the focus to what asks for it.
    await page.locator('#key:focus').waitFor()
    const outline = 'getComputedStyle(document.activeElement).outlineStyle + document.activeElement.tagName'
    t.equal(await page.evaluate(outline), 'solidINPUT')
    await page.keyboard.press('Tab')
    t.equal(await page.evaluate(outline), 'solidBUTTON', 'Log in')
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Shift+Tab')
    t.equal(await page.evaluate(outline), 'solidBUTTON', 'Show key')
    await page.keyboard.press('Enter')
    t.equal(await page.locator('#key').getAttribute('type'), 'text')
    await shoot(page, 'login-focus')
    await page.keyboard.press('Tab')
    await page.keyboard.type(KEY)
    await page.keyboard.press('Enter')
    await showsFlows(page)
  })

  t.test('tells assistive technology what is what', async t => {
    await page.goto(LOGIN)
    t.equal(await page.title(), 'Log in to DB-GPT')
    t.equal(await page.locator('html').getAttribute('lang'), 'en')
    t.equal((await page.locator('main').ariaSnapshot()).replace(/paragraph: .*/, 'paragraph'), [
      '- main:', '  - heading "Log in to DB-GPT" [level=1]', '  - text: API key', '  - button "Show key"',
      '  - textbox "API key"', '  - paragraph', '  - button "Log in"'
    ].join('\n'))
    await logIn(page, WRONG_KEY)
    await page.getByRole('alert').waitFor()
    const described = await page.locator('#key').getAttribute('aria-describedby') ?? ''
    t.match(await page.locator(`#${described}`).textContent(), /^This key is not valid/)
    t.equal(await page.locator('.hint').count(), 0, 'one sentence that helps is enough')
  })

  for (const [other, host, chatStatus] of [['site', 'localhost', 401], ['origin', '127.0.0.1', 403]] as const) {
    t.test(`refuses what a page of another ${other} sends`, async t => {
      const { url } = site
      await site.logInAside()
      const server = createServer((_request, response) => {
        response.writeHead(200, { 'content-type': 'text/html' }).end(`<title>Another ${other}</title>
          <form method="post" action="${url}/logout"><button>logout</button></form>
          <form method="post" action="${url}/login"><input name="key" value="${KEY}"><button>login</button></form>
          <button onclick="fetch('${url}/v1/chat/completions', { method: 'POST', mode: 'no-cors', credentials: 'include', body: '{}' })">
          chat</button>`)
      })
      t.teardown(() => server.closeAllConnections())
      t.teardown(() => { server.close() })
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      for (const [name, path, status] of [
        ['logout', '/logout', 403], ['login', '/login', 403], ['chat', '/v1/chat/completions', chatStatus]
      ] as const) {
        await page.goto(`http://${host}:${(server.address() as AddressInfo).port}/`)
        const [response] = await Promise.all([
          page.waitForResponse(url + path), page.getByRole('button', { name, exact: true }).click()
        ])
        t.equal(response.status(), status, path)
      }
      await page.goto('/flows')
      await showsFlows(page)
      t.equal(pathOf(page), '/flows', 'the session lives')
    })
  }

  t.test('speaks Chinese to those who read it', async t => {
    const { page } = await openSite(t, browser, { locale: 'zh-CN' })
    await page.goto(LOGIN)
    t.match(await page.locator('html').getAttribute('lang'), /^zh/)
    t.equal(await page.getByRole('heading').textContent(), '登录 DB-GPT')
    t.equal(await page.getByLabel('API 密钥').count(), 1)
    await logIn(page, WRONG_KEY)
    await page.getByRole('alert').filter({ hasText: '密钥无效' }).waitFor()
    await shoot(page, 'login-zh')
  })

  t.test('shows the key to those who ask for it, and hides it before it is sent', async t => {
    await page.goto(LOGIN)
    await page.locator('#key').fill(WRONG_KEY)
    await page.getByRole('button', { name: 'Show key' }).click()
    t.equal(await page.locator('#key').getAttribute('type'), 'text')
    await page.getByRole('button', { name: 'Hide key' }).click()
    t.equal(await page.locator('#key').getAttribute('type'), 'password')
    await page.getByRole('button', { name: 'Show key' }).click()
    await page.evaluate("document.forms[0].addEventListener('submit', event => event.preventDefault())")
    await page.getByRole('button', { name: 'Log in' }).click()
    t.equal(await page.locator('#key').getAttribute('type'), 'password')
    t.same(complaints, [], 'and breaks no rule of its own policy')
  })

  t.test('needs no JavaScript for the login', async t => {
    const { page } = await openSite(t, browser, { javaScriptEnabled: false })
    await page.goto('/flows')
    t.equal(await page.locator('#show').isVisible(), false)
    await logIn(page, WRONG_KEY)
    await page.getByRole('alert').waitFor()
    await logIn(page, KEY)
    await page.waitForURL('/flows')
    await shoot(page, 'flows-without-javascript')
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.waitForURL('/login')
  })
})

/** Waits until a page shows both flows. */
async function showsFlows (page: Page): Promise<void> {
  await page.getByRole('listitem').nth(1).waitFor()
  const texts = await page.getByRole('listitem').allTextContents()
  if (texts.join() !== FLOWS.join()) throw new Error(`the page shows ${texts.join()}`)
}

function pathOf (page: Page): string {
  const { pathname, search } = new URL(page.url())
  return pathname + search
}
