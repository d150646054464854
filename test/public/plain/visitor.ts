// A user at a window of the page, by real clicks and keys.
import { readFile } from 'node:fs/promises'
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core'
import type { Test } from 'tap'
import { openWindow, seatUser } from '../../support/browser.ts'

export const PASSWORD = 'correct horse battery'

export interface Sheet {
  name: string
  bytes: Buffer
}

export class Visitor {
  readonly page: Page
  /** Console errors, exceptions and CSP violations: a test ends by finding none. */
  readonly complaints: string[]

  private constructor(page: Page, complaints: string[]) {
    this.page = page
    this.complaints = complaints
  }

  static async at(context: BrowserContext, url: string): Promise<Visitor> {
    const { page, complaints } = await openWindow(context, url)
    return new Visitor(page, complaints)
  }

  get message(): Locator {
    return this.page.getByLabel('Message', { exact: true })
  }

  get sentence(): Locator {
    return this.page.getByRole('alert')
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true })
  }

  lines(direction: 'sent' | 'received' | 'note'): Locator {
    return this.page.locator(`#lines > [data-direction="${direction}"]`)
  }

  async signUp(username: string): Promise<void> {
    await this.button('Sign up').click()
    await this.enter(username, PASSWORD)
    await this.button('Sign up').click()
    await this.isAtLogIn()
  }

  async logIn(username: string, password = PASSWORD): Promise<void> {
    await this.enter(username, password)
    await this.button('Log in').click()
  }

  async enter(username: string, password: string): Promise<void> {
    await this.page.getByLabel('Username').fill(username)
    await this.page.getByLabel('Password').fill(password)
  }

  /** Logged in: the room can be chosen. */
  async isAtLogIn(): Promise<void> {
    await this.button('Open').waitFor()
  }

  async isLoggedOut(): Promise<void> {
    await this.page.getByRole('heading', { name: 'Log in' }).waitFor()
  }

  async open(room: string): Promise<void> {
    await this.page.getByLabel('Room', { exact: true }).fill(room)
    await this.button('Open').click()
    await this.isIn('open')
  }

  async isIn(state: 'closed' | 'connecting' | 'open' | 'waiting'): Promise<void> {
    await this.page.locator(`#state[data-state="${state}"]`).waitFor()
  }

  async say(text: string): Promise<void> {
    await this.message.fill(text)
    await this.button('Send').click()
  }

  async sendFile({ name, bytes }: Sheet): Promise<void> {
    const choosing = this.page.waitForEvent('filechooser')
    await this.button('Send a file').click()
    const file = { name, mimeType: 'application/octet-stream', buffer: bytes }
    await (await choosing).setFiles(file)
  }

  /** The newest line of a direction with this text, as soon as it is there. */
  async sees(direction: 'sent' | 'received' | 'note', text: string | RegExp): Promise<Locator> {
    const line = this.lines(direction).filter({ hasText: text }).last()
    await line.waitFor()
    return line
  }

  /** The exact text of the newest line, once there are that many lines. */
  async textOf(direction: 'sent' | 'received', count: number): Promise<string | null> {
    const line = this.lines(direction).nth(count - 1)
    await line.waitFor()
    return line.locator('.text').textContent()
  }

  /** Own lines whose echo came back. */
  async areDelivered(count: number): Promise<void> {
    await this.page
      .locator('[data-mark="delivered"]')
      .nth(count - 1)
      .waitFor()
  }

  /** The file that a click on its link downloads. */
  async download(link: Locator): Promise<Sheet> {
    const downloading = this.page.waitForEvent('download')
    await link.click()
    const download = await downloading
    return {
      name: download.suggestedFilename(),
      bytes: await readFile(await download.path()),
    }
  }
}

export interface Seat {
  url: string
  name?: string
  viewport?: { width: number; height: number } | undefined
}

/** A user who has signed up, in a browser context of their own. */
export async function signedUp(t: Test, browser: Browser, seat: Seat): Promise<Visitor> {
  const { url, name = 'ada', viewport } = seat
  const visitor = await Visitor.at(await seatUser(t, browser, viewport), `${url}/plain/`)
  await visitor.signUp(name)
  return visitor
}

/** Ada and Bob in a room; the viewport is Ada's. */
export async function twoInRoom(t: Test, browser: Browser, seat: Seat & { room: string }) {
  const { url, viewport, room } = seat
  const ada = await signedUp(t, browser, { url, viewport })
  const bob = await signedUp(t, browser, { url, name: 'bob' })
  for (const visitor of [ada, bob]) await visitor.open(room)
  return [ada, bob] as const
}
