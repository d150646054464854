// A person at a window of the chat, by real clicks and keys.
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core'
import type { Test } from 'tap'
import { openWindow, seatUser } from '../../support/browser.ts'
import { until } from '../../support/until.ts'

const PASSWORD = 'correct horse battery'

export type Mark = 'sending' | 'sent' | 'delivered' | 'read' | 'failed'

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

  static async signedUp(
    t: Test,
    browser: Browser,
    seat: { url: string; name: string; viewport?: { width: number; height: number } },
  ): Promise<Visitor> {
    const visitor = await Visitor.at(await seatUser(t, browser, seat.viewport), seat.url)
    const { page } = visitor
    await page.getByRole('heading', { name: 'Log in' }).waitFor()
    await visitor.button('Sign up').click()
    await page.locator('#username').fill(seat.name)
    await page.locator('#password').fill(PASSWORD)
    await visitor.button('Sign up').click()
    await visitor.isIn()
    return visitor
  }

  get message(): Locator {
    return this.page.locator('#message')
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true })
  }

  messages(text?: string | RegExp): Locator {
    const all = this.page.locator('#messages .message')
    return text === undefined ? all : all.filter({ hasText: text })
  }

  /** The room in the list. */
  room(name: string): Locator {
    return this.page.locator('#room-list .room-link', { hasText: name })
  }

  async isIn(): Promise<void> {
    await this.button('Join a room').waitFor()
  }

  async isLoggedOut(): Promise<void> {
    await this.page.getByRole('heading', { name: 'Log in' }).waitFor()
  }

  /** By the dialog, as people do. */
  async join(name: string): Promise<void> {
    await this.button('Join a room').click()
    await this.page.locator('#join-name').fill(name)
    await this.page.locator('#join-name').press('Enter')
    await this.isInRoom(name)
  }

  async isInRoom(name: string): Promise<void> {
    await this.page.locator('#room-name', { hasText: name }).waitFor()
    await this.page.locator('#room-about', { hasText: 'here' }).waitFor()
  }

  /** So many people belong to the room, so that what is said from now on counts them. */
  async hasParticipants(name: string, count: number): Promise<void> {
    const asked = `fetch('/rooms/chat%3A${name}/receipts').then((said) => said.json())`
    type Said = { participants?: unknown[] }
    await until(async () => {
      const { participants = [] } = await this.page.evaluate<Said>(asked)
      return participants.length >= count
    })
  }

  async say(text: string): Promise<void> {
    await this.message.fill(text)
    await this.message.press('Enter')
  }

  async sees(text: string | RegExp): Promise<Locator> {
    const message = this.messages(text).last()
    await message.waitFor()
    return message
  }

  /** One's own message has this mark. */
  async marked(text: string, mark: Mark): Promise<void> {
    await this.messages(text).last().locator(`[data-mark="${mark}"]`).waitFor()
  }

  /** Opens what can be done with a message, and does it. */
  async act(text: string, action: string): Promise<void> {
    await this.messages(text).first().focus()
    await this.page.keyboard.press('Enter')
    await this.page.locator('#message-dialog').getByRole('button', { name: action }).click()
  }

  async sendFile(name: string, mimeType: string, buffer: Buffer): Promise<void> {
    const choosing = this.page.waitForEvent('filechooser')
    await this.button('Send a picture or a file').click()
    await (await choosing).setFiles({ name, mimeType, buffer })
  }

  /** The texts that are shown, from top to bottom. */
  texts(): Promise<string[]> {
    return this.page.locator('#messages .text').allTextContents()
  }
}
