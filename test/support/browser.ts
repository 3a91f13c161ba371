import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core'
import type { Test } from 'tap'
import { type Gateway, startGateway } from './gateway.ts'

const PATH = '/usr/bin/chromium'

/** Why the tests that need a browser are skipped here; false, they are not. */
export const skip: string | false = existsSync(PATH) ? false : 'there is no Chromium on this machine: apt-get install chromium'

/** Starts Chromium for the length of a test. */
export async function startBrowser (t: Test): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: PATH,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'
    ],
    // People's browsers do keep pages to go back to.
    ignoreDefaultArgs: ['--disable-back-forward-cache']
  })
  t.teardown(async () => await browser.close())
  return browser
}

export interface Visit extends Gateway {
  /** A page that is blank yet, of a browser profile of its own. */
  readonly page: Page
  /** What the gateway was asked for so far, as `GET /login`. */
  readonly asked: readonly string[]
  /** What the browser found wrong with its pages. */
  readonly complaints: readonly string[]
}

/**
 * Opens a page for a gateway of its own.
 *
 * @param t - the test, with which both end
 * @param browser - as {@link startBrowser} returns it
 * @param context - what is special about this browser profile
 * @param options - what is special about this gateway
 */
export async function visit (
  t: Test, browser: Browser, context: BrowserContextOptions = {}, options: Parameters<typeof startGateway>[1] = {}
): Promise<Visit> {
  const gateway = await startGateway(t, options)
  const asked: string[] = []
  const complaints: string[] = []
  gateway.app.server.on('request', ({ method, url }) => asked.push(`${method} ${url}`))
  const profile = await browser.newContext({ baseURL: gateway.url, locale: 'en-US', viewport: { width: 640, height: 480 }, ...context })
  t.teardown(async () => await profile.close())
  profile.setDefaultTimeout(10_000)
  const page = await profile.newPage()
  page.on('pageerror', error => complaints.push(error.message))
  // A status is no complaint: tests look at those themselves.
  page.on('console', message => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) complaints.push(message.text())
  })
  return { ...gateway, page, asked, complaints }
}

/** Saves what a page looks like, for people to look at. */
export async function shoot (page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `build/screenshots/${name}.png` })
}

/** Logs in with the mouse; the error of a failure does not show the key, as Playwright's would. */
export async function logIn (page: Page, key: string): Promise<void> {
  await page.locator('#key').fill(key).catch(() => { throw new Error(`there is no key field at ${page.url()}`) })
  await page.locator('button').click()
}

/**
 * Returns how much the text of an element stands out from what is behind it (WCAG 2.2, contrast ratio), from 1 to 21.
 *
 * @param locator - the element
 */
export async function contrast (locator: Locator): Promise<number> {
  const [front, back] = await locator.evaluate(element => {
    const view = element.ownerDocument.defaultView
    element.ownerDocument.documentElement.style.backgroundColor = 'Canvas'
    let behind = element
    while (view.getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement
    return [view.getComputedStyle(element).color, view.getComputedStyle(behind).backgroundColor] as [string, string]
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
