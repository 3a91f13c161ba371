import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'
import type { Test } from 'tap'

const PATH = '/usr/bin/chromium'

/** Why the tests that need a browser are skipped here; false, they are not. */
export const skip: string | false = existsSync(PATH) ? false : 'there is no Chromium on this machine: apt-get install chromium'

/** Starts Chromium for the length of a test. */
export async function startBrowser (t: Test): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: PATH,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
      // Pages of the Internet's origins ask a service of this machine, which people would be asked to allow.
      '--disable-features=LocalNetworkAccessChecks'
    ],
    // People's browsers do keep pages to go back to.
    ignoreDefaultArgs: ['--disable-back-forward-cache']
  })
  t.teardown(async () => await browser.close())
  return browser
}

/** Opens an empty page of an address, in a profile of its own, without a server that serves it. */
export async function openPage (t: Test, browser: Browser, url: string): Promise<Page> {
  const profile = await browser.newContext()
  t.teardown(async () => await profile.close())
  // Generous: a busy machine is no fault.
  profile.setDefaultTimeout(60_000)
  const page = await profile.newPage()
  await page.route(url, async route => await route.fulfill({ contentType: 'text/html', body: '<p>a page of the tests' }))
  await page.goto(url)
  return page
}
