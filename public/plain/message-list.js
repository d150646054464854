// The list of messages on screen: bounded, and it scrolls along only while its end is visible.
import { buildLine, buildNote } from './message-view.js'

const LINES_MAX = 500
// A distance from the end that still counts as the end.
const NEAR_PX = 48

export class MessageList {
  #scroller
  #list
  #newest
  #linesMax
  #following = true
  #scheduled = false
  #unseen = 0
  #lastTop = 0
  /** @type {Map<Element, string>} */
  #urls = new Map()

  /**
   * @param {object} places
   * @param {HTMLElement} places.scroller
   * @param {HTMLElement} places.list
   * @param {HTMLButtonElement} places.newest shown while there are new messages below
   * @param {number} [places.linesMax]
   */
  constructor({ scroller, list, newest, linesMax = LINES_MAX }) {
    this.#scroller = scroller
    this.#list = list
    this.#newest = newest
    this.#linesMax = linesMax
    // For the arrow keys: not every browser lets a scroller have the focus by default.
    scroller.tabIndex = 0
    scroller.addEventListener('scroll', () => this.#scrolled())
    newest.addEventListener('click', () => this.showNewest())
    // The on-screen keyboard and a picture that loads both move the end out of view.
    const sizes = new ResizeObserver(() => this.#keepUp())
    sizes.observe(scroller)
    sizes.observe(list)
  }

  /** Adds a message and returns its element. A message of the user is always scrolled into view. */
  print(/** @type {Parameters<typeof buildLine>[0]} */ message) {
    const { element, url } = buildLine(message)
    if (url) this.#urls.set(element, url)
    this.#append(element)
    if (message.direction === 'sent') this.showNewest()
    else if (!this.#following) this.#showUnseen(this.#unseen + 1)
    this.#keepUp()
    return element
  }

  /** Adds a note. The same note twice in a row is shown, and read aloud, as one new note. */
  note(/** @type {string} */ text) {
    const last = this.#list.lastElementChild
    if (last?.className === 'note' && last.textContent === text) last.remove()
    this.#append(buildNote(text))
    this.#keepUp()
  }

  /** A note that answers an action of the user, and so is scrolled into view. */
  answer(/** @type {string} */ text) {
    this.note(text)
    this.showNewest()
  }

  clear() {
    while (this.#list.firstElementChild) this.#drop(this.#list.firstElementChild)
    this.showNewest()
  }

  showNewest() {
    this.#follow(true)
    this.#keepUp()
  }

  #append(/** @type {Element} */ element) {
    this.#list.append(element)
    while (this.#list.childElementCount > this.#linesMax) {
      this.#drop(/** @type {Element} */ (this.#list.firstElementChild))
    }
  }

  #drop(/** @type {Element} */ element) {
    const url = this.#urls.get(element)
    if (url) URL.revokeObjectURL(url)
    this.#urls.delete(element)
    element.remove()
  }

  /** Scrolls once per painted frame, however many messages came. */
  #keepUp() {
    if (this.#scheduled) return
    this.#scheduled = true
    requestAnimationFrame(() => {
      this.#scheduled = false
      if (this.#following) this.#scroller.scrollTop = this.#scroller.scrollHeight
    })
  }

  /** Only scrolling up leaves the end: new messages grow the distance too, without a scroll. */
  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller
    const isNear = scrollHeight - scrollTop - clientHeight < NEAR_PX
    if (isNear) this.#follow(true)
    else if (scrollTop < this.#lastTop) this.#follow(false)
    this.#lastTop = scrollTop
  }

  #follow(/** @type {boolean} */ following) {
    this.#following = following
    this.#scroller.dataset.following = String(following)
    if (following) this.#showUnseen(0)
  }

  #showUnseen(/** @type {number} */ count) {
    this.#unseen = count
    this.#newest.hidden = count === 0
    if (count > 0) {
      this.#newest.textContent = count === 1 ? '1 new message' : `${count} new messages`
    }
  }
}
