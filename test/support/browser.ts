// A headless Chromium for tests of the page, and windows that record their errors.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
// The browser's own report of an answer that is no success, or of what was said to a server that
// is closing; the page expects some of these.
const FAILED_REQUEST =
  /^Failed to load resource|^WebSocket (connection to|is already in CLOSING or CLOSED)/

interface Teardown {
  teardown(run: () => unknown): unknown
}

export interface Window {
  page: Page
  /** Console errors, uncaught exceptions and CSP violations of this window so far. */
  complaints: string[]
}

/** The browser of this machine, or undefined where there is none. */
export function chromiumPath(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const places = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))
  return places.find((place) => existsSync(place))
}

/** A browser with a profile of its own, closed when the test ends. One serves a whole file. */
export async function openBrowser(t: Teardown): Promise<Browser> {
  const executablePath = chromiumPath()
  if (!executablePath) throw new Error(`none of ${NAMES.join(', ')} is on the PATH`)
  const browser = await chromium.launch({ executablePath, headless: true, args: ARGUMENTS })
  t.teardown(() => browser.close())
  return browser
}

/** One user of this browser, with cookies of its own. Windows are opened in it. */
export async function seatUser(
  t: Teardown,
  browser: Browser,
  viewport = { width: 1280, height: 800 },
): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport, acceptDownloads: true })
  context.setDefaultTimeout(15_000)
  t.teardown(() => context.close())
  return context
}

/** A window of this user, at this address. */
export async function openWindow(context: BrowserContext, url: string): Promise<Window> {
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (message.type() !== 'error' || FAILED_REQUEST.test(message.text())) return
    complaints.push(message.text())
  })
  await page.goto(url)
  return { page, complaints }
}
