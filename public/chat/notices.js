// Notifications while the page is hidden, where the person allows them, and the count in its title.
import { roomTitle } from './views/words.js'

/** Not in the person's messages, so that it outlives a log-out. */
const SETTING = 'usher-notices'

export class Notices {
  #missed = 0

  constructor() {
    document.addEventListener('visibilitychange', () => this.#seen())
  }

  get canBe() {
    return 'Notification' in window
  }

  get isRefused() {
    return !this.canBe || Notification.permission === 'denied'
  }

  get isOn() {
    const isAllowed = this.canBe && Notification.permission === 'granted'
    return isAllowed && localStorage.getItem(SETTING) === 'on'
  }

  async set(/** @type {boolean} */ isOn) {
    if (isOn && this.canBe) await Notification.requestPermission()
    if (isOn) localStorage.setItem(SETTING, 'on')
    else localStorage.removeItem(SETTING)
  }

  /** A message of another came. */
  tell(/** @type {{ room: string, name: string, text: string, open(): void }} */ message) {
    if (document.visibilityState === 'visible') return
    this.#missed += 1
    document.title = `(${this.#missed}) Usher`
    if (this.isOn) this.#show(message)
  }

  /** Those that are shown, with words of messages, go with the person. */
  async forget() {
    const worker = await navigator.serviceWorker?.getRegistration()
    for (const notice of (await worker?.getNotifications()) ?? []) notice.close()
  }

  async #show(/** @type {{ room: string, name: string, text: string, open(): void }} */ message) {
    const { room, name, text, open } = message
    const title = `${name} in ${roomTitle(room)}`
    const options = { body: text, tag: room, icon: 'favicon.svg', data: { room } }
    // Phones show notifications of service workers alone.
    const worker = await navigator.serviceWorker?.getRegistration()
    if (worker) return worker.showNotification(title, options)
    const notice = new Notification(title, options)
    notice.addEventListener('click', () => {
      window.focus()
      open()
      notice.close()
    })
  }

  #seen() {
    if (document.visibilityState !== 'visible') return
    this.#missed = 0
    document.title = 'Usher'
  }
}
