// The conversation on screen: bounded, and at the newest line only while the reader is there.
import { buildLine, buildNote } from './message-view.js'

const LINES_MAX = 500
// This near to the end still counts as being there.
const NEAR_PX = 48

export class Lines {
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
   * @param {HTMLButtonElement} places.newest shown while there is something new below
   * @param {number} [places.linesMax]
   */
  constructor({ scroller, list, newest, linesMax = LINES_MAX }) {
    this.#scroller = scroller
    this.#list = list
    this.#newest = newest
    this.#linesMax = linesMax
    // For the arrow keys; not every browser gives a scroller the focus by itself.
    scroller.tabIndex = 0
    scroller.addEventListener('scroll', () => this.#scrolled())
    newest.addEventListener('click', () => this.showNewest())
    // The on-screen keyboard, a picture that loads: both move the end away from a follower.
    const sizes = new ResizeObserver(() => this.#keepUp())
    sizes.observe(scroller)
    sizes.observe(list)
  }

  /** Prints what somebody said and gives its element. Our own words always come into view. */
  print(/** @type {Parameters<typeof buildLine>[0]} */ said) {
    const { element, url } = buildLine(said)
    if (url) this.#urls.set(element, url)
    this.#append(element)
    if (said.direction === 'sent') this.showNewest()
    else if (!this.#following) this.#showUnseen(this.#unseen + 1)
    this.#keepUp()
    return element
  }

  /** Something happened. The same note twice in a row is shown, and read out, as one new note. */
  note(/** @type {string} */ text) {
    const last = this.#list.lastElementChild
    if (last?.className === 'note' && last.textContent === text) last.remove()
    this.#append(buildNote(text))
    this.#keepUp()
  }

  /** A note that answers what the reader just did, and so has to be seen. */
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

  /** Scrolls once per painted frame, however many lines came. */
  #keepUp() {
    if (this.#scheduled) return
    this.#scheduled = true
    requestAnimationFrame(() => {
      this.#scheduled = false
      if (this.#following) this.#scroller.scrollTop = this.#scroller.scrollHeight
    })
  }

  /** Only moving up leaves the end: new lines also grow the distance, without anyone scrolling. */
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
