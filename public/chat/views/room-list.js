// The list of rooms: the newest first, each a link to itself.
import { element } from '../../shared/element.js'
import { make } from './make.js'
import { hueOf, initials, roomTitle, shortTime } from './words.js'

/** @typedef {import('../conversation.js').Conversation} Conversation */

export class RoomList {
  #list = element('room-list', HTMLElement)
  /** @type {Map<string, { element: HTMLElement, signature: string }>} */
  #shown = new Map()
  #isScheduled = false

  /** At the next painted frame. */
  render(/** @type {() => { rooms: Conversation[], open: string }} */ state) {
    if (this.#isScheduled) return
    this.#isScheduled = true
    requestAnimationFrame(() => {
      this.#isScheduled = false
      this.#draw(state())
    })
  }

  clear() {
    this.#shown.clear()
    this.#list.replaceChildren()
  }

  #draw(/** @type {{ rooms: Conversation[], open: string }} */ { rooms, open }) {
    const names = new Set(rooms.map(({ room }) => room))
    for (const [room, { element }] of this.#shown) {
      if (names.has(room)) continue
      element.remove()
      this.#shown.delete(room)
    }
    const newestFirst = rooms.toSorted((a, b) => (b.last?.time ?? 0) - (a.last?.time ?? 0))
    let place = this.#list.firstElementChild
    for (const conversation of newestFirst) {
      const item = this.#itemOf(conversation, conversation.room === open)
      if (place === item) place = place.nextElementSibling
      else this.#list.insertBefore(item, place)
    }
  }

  /** The link stays the same element, so that it keeps the focus. */
  #itemOf(/** @type {Conversation} */ conversation, /** @type {boolean} */ isOpen) {
    const { room, unread, typing, last } = conversation
    const about = typing.names.length > 0 ? `${typing.names[0]} is typing…` : lineOf(conversation)
    const time = last ? shortTime(last.time) : ''
    const signature = [unread, about, time, isOpen].join('\n')
    const shown = this.#shown.get(room)
    if (shown?.signature === signature) return shown.element
    const item = shown?.element ?? make('li')
    const link = /** @type {HTMLAnchorElement} */ (item.firstElementChild ?? make('a', 'room-link'))
    link.href = `#room=${room}`
    if (isOpen) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
    link.replaceChildren(avatarOf(room), wordsOf({ room, about, time, unread }))
    item.append(link)
    this.#shown.set(room, { element: item, signature })
    return item
  }
}

function lineOf(/** @type {Conversation} */ { last, summary, state, sentence }) {
  if (state === 'refused') return sentence
  if (last === undefined) return 'No messages yet'
  return `${last.isOwn ? 'You' : last.name || 'Unknown'}: ${summary}`
}

function avatarOf(/** @type {string} */ room) {
  const avatar = make('span', 'avatar', initials(roomTitle(room)))
  avatar.dataset.hue = hueOf(room)
  avatar.ariaHidden = 'true'
  return avatar
}

function wordsOf(
  /** @type {{ room: string, about: string, time: string, unread: number }} */ shown,
) {
  const words = make('span', 'room-words')
  const top = make('span', 'room-top')
  const name = make('span', 'room-name', roomTitle(shown.room))
  name.dir = 'auto'
  top.append(name, make('span', 'room-time', shown.time))
  const bottom = make('span', 'room-bottom')
  const about = make('span', 'room-last', shown.about)
  about.dir = 'auto'
  bottom.append(about)
  if (shown.unread > 0) {
    const badge = make('span', 'badge', shown.unread > 99 ? '99+' : String(shown.unread))
    badge.append(make('span', 'hidden-label', ' unread'))
    bottom.append(badge)
  }
  words.append(top, bottom)
  return words
}
