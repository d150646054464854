// The person's own settings: notifications, password, log out here or everywhere, delete.
import { element } from '../../shared/element.js'
import { changePassword, deleteAccount, logOut, logOutEverywhere } from '../../shared/session.js'
import { hueOf, initials } from './words.js'

/** @typedef {import('../../shared/session.js').User} User */

export class MeDialog {
  #dialog = element('me-dialog', HTMLDialogElement)
  #button = element('me', HTMLButtonElement)
  #notify = element('notify', HTMLInputElement)
  #sentence = element('me-sentence', HTMLElement)
  #username = ''
  #onLeft
  #notices

  /**
   * @param {(sentence: string) => void} onLeft the session is over
   * @param {import('../notices.js').Notices} notices
   */
  constructor(onLeft, notices) {
    this.#onLeft = onLeft
    this.#notices = notices
    this.#button.addEventListener('click', () => this.#open())
    element('me-done', HTMLElement).addEventListener('click', () => this.#dialog.close())
    this.#notify.addEventListener('change', () => this.#setNotices())
    this.#ending('log-out', logOut, '')
    this.#ending('log-out-all', logOutEverywhere, 'You are logged out on all devices.')
    element('password-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault()
      this.#try(() => this.#changePassword())
    })
    element('delete-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault()
      this.#try(() => this.#delete())
    })
  }

  show(/** @type {User} */ { user, username, account = true }) {
    for (const part of this.#dialog.querySelectorAll('.of-account')) part.hidden = !account
    this.#username = username
    this.#button.textContent = initials(username)
    this.#button.dataset.hue = hueOf(user)
    element('me-title', HTMLElement).textContent = username
    element('password-user', HTMLInputElement).value = username
  }

  #open() {
    this.#sentence.textContent = ''
    this.#notify.checked = this.#notices.isOn
    this.#notify.disabled = !this.#notices.canBe
    this.#dialog.showModal()
  }

  #ending(
    /** @type {string} */ id,
    /** @type {() => Promise<unknown>} */ end,
    /** @type {string} */ sentence,
  ) {
    element(id, HTMLElement).addEventListener('click', () =>
      this.#try(async () => {
        await end()
        this.#left(sentence)
      }),
    )
  }

  #left(/** @type {string} */ sentence) {
    this.#dialog.close()
    for (const form of this.#dialog.querySelectorAll('form')) form.reset()
    for (const part of this.#dialog.querySelectorAll('details')) part.open = false
    this.#onLeft(sentence)
  }

  async #changePassword() {
    const now = element('old-password', HTMLInputElement)
    const next = element('new-password', HTMLInputElement)
    await changePassword(now.value, next.value)
    now.value = ''
    next.value = ''
    this.#sentence.textContent = 'The password is changed, and other devices are logged out.'
  }

  async #delete() {
    if (element('delete-name', HTMLInputElement).value.trim() !== this.#username) {
      this.#sentence.textContent = 'That is not your name here.'
      return
    }
    await deleteAccount()
    this.#left('Your account is deleted.')
  }

  async #setNotices() {
    await this.#notices.set(this.#notify.checked)
    this.#notify.checked = this.#notices.isOn
    if (this.#notices.isRefused) {
      this.#sentence.textContent = 'Your browser does not allow notifications for this page.'
    }
  }

  async #try(/** @type {() => Promise<unknown>} */ run) {
    this.#sentence.textContent = ''
    await run().catch((error) => {
      this.#sentence.textContent = error instanceof Error ? error.message : String(error)
    })
  }
}
