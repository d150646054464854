// The head of the open room: its name, who is here or typing, and the dialog with the people.
import { element } from '../../shared/element.js'
import { make } from './make.js'
import { hueOf, initials, roomTitle } from './words.js'

/** @typedef {import('../conversation.js').Conversation} Conversation */

const NAMES_MAX = 3

export class RoomHeader {
  #dialog = element('room-dialog', HTMLDialogElement)
  /** @type {Conversation | null} */
  #conversation = null

  constructor(/** @type {(conversation: Conversation) => void} */ onLeave) {
    element('room-title', HTMLElement).addEventListener('click', () => {
      this.#drawPeople()
      this.#dialog.showModal()
    })
    element('room-done', HTMLElement).addEventListener('click', () => this.#dialog.close())
    element('room-leave', HTMLElement).addEventListener('click', () => {
      this.#dialog.close()
      if (this.#conversation) onLeave(this.#conversation)
    })
    element('room-link', HTMLElement).addEventListener('click', () => this.#copyLink())
  }

  open(/** @type {Conversation} */ conversation) {
    this.#conversation = conversation
    const title = roomTitle(conversation.room)
    element('room-name', HTMLElement).textContent = title
    const avatar = element('room-avatar', HTMLElement)
    avatar.textContent = initials(title)
    avatar.dataset.hue = hueOf(conversation.room)
    this.render()
  }

  render() {
    if (this.#conversation === null) return
    const { presence, typing, state, sentence } = this.#conversation
    const about = element('room-about', HTMLElement)
    about.textContent = state === 'refused' ? sentence : hereText(presence.people)
    element('typing', HTMLElement).textContent = typingText(typing.names)
    if (this.#dialog.open) this.#drawPeople()
  }

  #drawPeople() {
    if (this.#conversation === null) return
    const { presence, room } = this.#conversation
    const { people } = presence
    element('room-dialog-title', HTMLElement).textContent = roomTitle(room)
    element('room-dialog-lead', HTMLElement).textContent =
      people.length === 1 ? 'One person is here now.' : `${people.length} people are here now.`
    element('room-link', HTMLElement).textContent = 'Copy its link'
    const items = people.map(({ user, name }) => {
      const item = make('li')
      const avatar = make('span', 'avatar', initials(name))
      avatar.dataset.hue = hueOf(user)
      avatar.ariaHidden = 'true'
      const words = make('span', '', name)
      words.dir = 'auto'
      item.append(avatar, words)
      return item
    })
    element('room-people', HTMLElement).replaceChildren(...items)
  }

  async #copyLink() {
    const { room } = /** @type {Conversation} */ (this.#conversation)
    const link = new URL(`#room=${room}`, location.href).href
    const isDone = await navigator.clipboard?.writeText(link).then(
      () => true,
      () => false,
    )
    element('room-link', HTMLElement).textContent = isDone ? 'Copied' : link
  }
}

export function hereText(/** @type {readonly { name: string }[]} */ people) {
  if (people.length === 0) return 'Tap for people and link'
  const names = people.slice(0, NAMES_MAX).map(({ name }) => name)
  const more = people.length - names.length
  return `${people.length} here: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

export function typingText(/** @type {readonly string[]} */ names) {
  if (names.length === 0) return ''
  if (names.length === 1) return `${names[0]} is typing…`
  if (names.length === 2) return `${names.join(' and ')} are typing…`
  return 'Several people are typing…'
}
