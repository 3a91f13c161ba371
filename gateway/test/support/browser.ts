import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import type { Test } from 'tap'
import { createApiKey } from 'fastify-dbgpt-auth'
import { KEY } from '../../../test/support/app.ts'
import { type Gateway, startGateway } from './gateway.ts'

export { skip, startBrowser } from '../../../test/support/browser.ts'

export const VIEWPORT = { width: 640, height: 480 }

export interface Site extends Gateway {
  /** A page of a browser profile of its own. */
  readonly page: Page
  /** What the gateway was asked for so far, as `GET /login`. */
  readonly asked: readonly string[]
  /** What the browser found wrong with its pages. */
  readonly complaints: readonly string[]
  /** Leaves a blank page and nobody logged in, the gateway with its key, and nothing asked. */
  readonly reset: () => Promise<void>
  /** Logs this profile in without its page, where the login is not the subject. */
  readonly logInAside: () => Promise<void>
}

/**
 * Opens a page for a gateway of its own, which takes any number of wrong keys.
 *
 * @param t - the test, with which both end
 * @param browser - as {@link startBrowser} returns it
 * @param context - what is special about this browser profile
 */
export async function openSite (t: Test, browser: Browser, context: BrowserContextOptions = {}): Promise<Site> {
  const gateway = await startGateway(t, { maxAttempts: 1000 })
  const asked: string[] = []
  const complaints: string[] = []
  gateway.app.server.on('request', ({ method, url }) => asked.push(`${method} ${url}`))
  const profile = await browser.newContext({ baseURL: gateway.url, locale: 'en-US', viewport: VIEWPORT, ...context })
  t.teardown(async () => await profile.close())
  // Generous: a busy machine is no fault.
  profile.setDefaultTimeout(60_000)
  const page = await profile.newPage()
  page.on('pageerror', error => complaints.push(error.message))
  // A status is no complaint: tests look at those themselves.
  page.on('console', message => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) complaints.push(message.text())
  })
  const reset = async (): Promise<void> => {
    await page.goto('about:blank')
    await profile.clearCookies()
    if (gateway.store.find(createApiKey(KEY).digest) === undefined) await gateway.store.add(createApiKey(KEY))
    asked.length = complaints.length = 0
  }
  const logInAside = async (): Promise<void> => {
    await profile.request.post('/login', { form: { key: KEY }, headers: { origin: gateway.url }, maxRedirects: 0 })
  }
  return { ...gateway, page, asked, complaints, reset, logInAside }
}

/** Saves what a page looks like, for people to look at. */
export async function shoot (page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `build/screenshots/${name}.png` })
}

/** Logs in with the mouse; the error of a failure does not show the key, as Playwright's would. */
export async function logIn (page: Page, key: string): Promise<void> {
  await page.locator('#key').fill(key).catch(() => { throw new Error(`there is no key field at ${page.url()}`) })
  await page.locator('button.primary').click()
}

/**
 * Returns how much the text of an element stands out from what is behind it (WCAG 2.2, contrast ratio), from 1 to 21.
 *
 * @param locator - the element
 */
export async function contrast (locator: Locator): Promise<number> {
  const [front, back] = await locator.evaluate(element => {
    const { defaultView: view, documentElement: { style } } = element.ownerDocument
    style.backgroundColor = 'Canvas'
    let behind = element
    while (view.getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement
    const colors = [view.getComputedStyle(element).color, view.getComputedStyle(behind).backgroundColor] as [string, string]
    style.backgroundColor = ''
    return colors
  })
  const [dark, light] = [luminance(front), luminance(back)].sort((a, b) => a - b) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

function luminance (color: string): number {
  if (!/^rgb\(\d+, \d+, \d+\)$/.test(color)) throw new Error(`${color} is no opaque colour`)
  const [red, green, blue] = (color.match(/\d+/g) ?? []).map(each => {
    const part = Number(each) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
