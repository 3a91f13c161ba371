import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
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
      '--disable-component-update', '--disable-sync'
    ],
    // People's browsers do keep pages to go back to.
    ignoreDefaultArgs: ['--disable-back-forward-cache']
  })
  t.teardown(async () => await browser.close())
  return browser
}
