// Finds words in the loaded messages of the open room, newest first.
import { element } from '../../shared/element.js'

/** @typedef {import('../conversation.js').Conversation} Conversation */

export class SearchView {
  #form = element('search-form', HTMLFormElement)
  #text = element('search-text', HTMLInputElement)
  #open = element('search', HTMLButtonElement)
  /** @type {Conversation | null} */
  #conversation = null
  /** @type {number[]} */
  #found = []
  #at = 0
  #onShow

  constructor(/** @type {(offset: number) => void} */ onShow) {
    this.#onShow = onShow
    this.#open.addEventListener('click', () => this.#toggle(this.#form.hidden))
    element('search-close', HTMLElement).addEventListener('click', () => this.#toggle(false))
    element('search-up', HTMLElement).addEventListener('click', () => this.#step(1))
    element('search-down', HTMLElement).addEventListener('click', () => this.#step(-1))
    this.#text.addEventListener('input', () => this.#find())
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault()
      this.#step(1)
    })
    this.#form.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape') this.#toggle(false)
    })
  }

  open(/** @type {Conversation | null} */ conversation) {
    this.#conversation = conversation
    this.#form.hidden = true
    this.#open.ariaExpanded = 'false'
  }

  #toggle(/** @type {boolean} */ isOpen) {
    this.#form.hidden = !isOpen
    this.#open.ariaExpanded = String(isOpen)
    this.#text.value = ''
    this.#find()
    if (isOpen) this.#text.focus()
    else this.#open.focus()
  }

  #find() {
    const words = this.#text.value.trim().toLocaleLowerCase()
    const all = words === '' ? [] : (this.#conversation?.messages.all ?? [])
    const fits = all.filter(({ content, name }) =>
      `${name} ${content?.text ?? ''} ${content?.file?.name ?? ''}`
        .toLocaleLowerCase()
        .includes(words),
    )
    this.#found = fits.flatMap(({ offset }) => offset ?? []).reverse()
    this.#at = 0
    this.#show()
  }

  #step(/** @type {number} */ by) {
    const { length } = this.#found
    if (length === 0) return
    this.#at = (this.#at + by + length) % length
    this.#show()
  }

  #show() {
    const { length } = this.#found
    const none = this.#text.value.trim() === '' ? '' : 'none'
    const count = element('search-count', HTMLElement)
    count.textContent = length === 0 ? none : `${this.#at + 1} of ${length}`
    const offset = this.#found[this.#at]
    if (offset !== undefined) this.#onShow(offset)
  }
}
