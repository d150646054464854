// The messages of the open room on screen: each element is kept until what it shows changes.
import { element } from '../../shared/element.js'
import { make } from './make.js'
import { messageElement } from './message-element.js'
import { rowsOf } from './rows.js'

/** @typedef {import('../conversation.js').Conversation} Conversation */
/** @typedef {import('../message-store.js').Message} Message */

// A distance from the end that still counts as the end, and one from the top that loads more.
const NEAR_END_PX = 60
const NEAR_TOP_PX = 400

export class MessagesView {
  #log = element('log', HTMLElement)
  #list = element('messages', HTMLElement)
  #newest = element('newest', HTMLButtonElement)
  #newestText = element('newest-text', HTMLElement)
  /** @type {Conversation | null} */
  #conversation = null
  /** @type {Map<string, { element: HTMLElement, url: string, signature: string }>} */
  #shown = new Map()
  /** @type {number | null} */
  #unreadFrom = null
  #isFollowing = true
  #isScheduled = false
  #lastTop = 0
  #on

  /** @param {Parameters<typeof messageElement>[1]} on */
  constructor(on) {
    this.#on = { ...on, quote: (offset) => this.show(offset) }
    // For the arrow keys: not every browser lets a scroller have the focus by default.
    this.#log.tabIndex = 0
    this.#log.addEventListener('scroll', () => this.#scrolled(), { passive: true })
    this.#newest.addEventListener('click', () => this.showNewest())
    this.#list.addEventListener('keydown', (event) => this.#key(event))
    this.#list.addEventListener('click', (event) => this.#tapped(event))
    const sizes = new ResizeObserver(() => this.#keepUp())
    sizes.observe(this.#log)
    sizes.observe(this.#list)
    document.addEventListener('visibilitychange', () => this.#see())
  }

  open(/** @type {Conversation | null} */ conversation) {
    for (const { url } of this.#shown.values()) if (url) URL.revokeObjectURL(url)
    this.#shown.clear()
    this.#list.replaceChildren()
    this.#conversation = conversation
    conversation?.opened()
    this.#unreadFrom = conversation && conversation.unread > 0 ? conversation.read : null
    this.#isFollowing = true
    this.render()
    this.showNewest()
  }

  /** At the next painted frame, however much changed. */
  render() {
    if (this.#isScheduled) return
    this.#isScheduled = true
    requestAnimationFrame(() => {
      this.#isScheduled = false
      if (this.#conversation !== null) this.#draw(this.#conversation)
    })
  }

  showNewest() {
    this.#isFollowing = true
    this.#keepUp()
  }

  /** Scrolls to the message at an offset, if it is loaded, and marks it for a moment. */
  show(/** @type {number} */ offset) {
    const message = this.#conversation?.messages.at(offset)
    const found = message && this.#shown.get(message.id)?.element
    if (!found) return
    this.#isFollowing = false
    found.scrollIntoView({ block: 'center' })
    found.classList.remove('flash')
    requestAnimationFrame(() => found.classList.add('flash'))
  }

  focusLast() {
    const last = this.#list.querySelector('.message:last-child')
    if (last instanceof HTMLElement) last.focus()
  }

  #draw(/** @type {Conversation} */ conversation) {
    const { messages, state, sentence } = conversation
    const anchor = this.#anchor()
    const rows = rowsOf(messages.all, this.#unreadFrom)
    const ids = new Set(rows.map(({ id }) => id))
    for (const [id, { element, url }] of this.#shown) {
      if (ids.has(id)) continue
      if (url) URL.revokeObjectURL(url)
      element.remove()
      this.#shown.delete(id)
    }
    const elements = rows.map((row) => this.#elementOf(conversation, row))
    let place = this.#list.firstElementChild
    for (const wanted of elements) {
      if (place === wanted) place = place.nextElementSibling
      else this.#list.insertBefore(wanted, place)
    }
    element('log-empty', HTMLElement).hidden = rows.length > 0 || state === 'loading'
    const isRefused = state === 'refused'
    element('log-empty-title', HTMLElement).textContent = isRefused ? sentence : 'No messages yet'
    element('log-empty-lead', HTMLElement).hidden = isRefused
    const isLoading = state === 'older' || (state === 'loading' && rows.length === 0)
    element('older', HTMLElement).hidden = !isLoading
    if (this.#isFollowing) this.#keepUp()
    else this.#backTo(anchor)
    if (this.#log.scrollTop < NEAR_TOP_PX) conversation.loadOlder()
    this.#see()
  }

  /** @returns {HTMLElement} */
  #elementOf(/** @type {Conversation} */ conversation, /** @type {import('./rows.js').Row} */ row) {
    const mark = row.kind === 'message' && row.message.isOwn ? conversation.markOf(row.message) : ''
    const signature = signatureOf(row, mark)
    const shown = this.#shown.get(row.id)
    if (shown?.signature === signature) return shown.element
    const made =
      row.kind === 'message'
        ? messageElement({ ...row, mark: /** @type {any} */ (mark) }, this.#on)
        : { element: make('li', `line ${row.name}`, row.text), url: '' }
    if (shown?.url) URL.revokeObjectURL(shown.url)
    const hadFocus = shown?.element.contains(document.activeElement)
    shown?.element.replaceWith(made.element)
    if (hadFocus) made.element.focus()
    this.#shown.set(row.id, { ...made, signature })
    return made.element
  }

  /** The first message in sight and where it stands, which must not move when others come above. */
  #anchor() {
    const top = this.#log.getBoundingClientRect().top
    for (const { element } of this.#shown.values()) {
      const box = element.getBoundingClientRect()
      if (box.bottom > top) return { element, top: box.top }
    }
    return null
  }

  #backTo(/** @type {{ element: HTMLElement, top: number } | null} */ anchor) {
    if (!anchor?.element.isConnected) return
    const moved = anchor.element.getBoundingClientRect().top - anchor.top
    if (moved !== 0) this.#log.scrollTop += moved
  }

  #keepUp() {
    if (this.#isFollowing) this.#log.scrollTop = this.#log.scrollHeight
    this.#tellUnseen()
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#log
    const isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR_END_PX
    if (isAtEnd) this.#isFollowing = true
    else if (scrollTop < this.#lastTop) this.#isFollowing = false
    this.#lastTop = scrollTop
    if (scrollTop < NEAR_TOP_PX) this.#conversation?.loadOlder()
    this.#see()
  }

  /** What a person looks at is read. */
  #see() {
    const isSeen = document.visibilityState === 'visible' && this.#isFollowing
    if (isSeen && this.#conversation?.state === 'ready') this.#conversation.sawAll()
    this.#tellUnseen()
  }

  #tellUnseen() {
    const unread = this.#conversation?.unread ?? 0
    this.#newest.hidden = this.#isFollowing
    const words = unread === 1 ? '1 new message' : `${unread} new messages`
    this.#newestText.textContent = unread > 0 ? words : 'Newest messages'
  }

  /** The arrow keys go from message to message, Enter opens what can be done with one. */
  #key(/** @type {KeyboardEvent} */ event) {
    const here = event.target instanceof Element ? event.target.closest('.message') : null
    if (!(here instanceof HTMLElement)) return
    const moves = { ArrowUp: 'previousElementSibling', ArrowDown: 'nextElementSibling' }
    const move = moves[/** @type {keyof moves} */ (event.key)]
    if (move !== undefined) {
      let next = here[/** @type {'nextElementSibling'} */ (move)]
      while (next && !next.matches('.message'))
        next = next[/** @type {'nextElementSibling'} */ (move)]
      if (next instanceof HTMLElement) next.focus()
      else if (event.key === 'ArrowDown') element('message', HTMLTextAreaElement).focus()
      event.preventDefault()
    } else if (event.key === 'Enter' && event.target === here) {
      event.preventDefault()
      this.#menuOf(here)
    }
  }

  /** On a touch screen a tap opens what a mouse finds beside the message. */
  #tapped(/** @type {MouseEvent} */ event) {
    const target = event.target instanceof Element ? event.target : null
    const isTouch = /** @type {PointerEvent} */ (event).pointerType === 'touch'
    if (!isTouch || target?.closest('a, button')) return
    const here = target?.closest('.message')
    if (here instanceof HTMLElement) this.#menuOf(here)
  }

  #menuOf(/** @type {HTMLElement} */ { dataset }) {
    const message = this.#conversation?.messages.all.find(({ id }) => id === dataset.id)
    if (message) this.#on.menu(message)
  }
}

/** What the element of a row depends on. */
function signatureOf(/** @type {import('./rows.js').Row} */ row, /** @type {string} */ mark) {
  if (row.kind === 'line') return row.text
  const { message, isFirst, isLast } = row
  const { time, name, content, error = '', offset } = message
  return [mark, isFirst, isLast, time, name, content === null, error, offset === undefined].join()
}
