// The dialog that joins a room by its name.
import { element } from '../../shared/element.js'
import { isRoomName } from '../../shared/room-name.js'

export class JoinDialog {
  #dialog = element('join-dialog', HTMLDialogElement)
  #name = element('join-name', HTMLInputElement)
  #sentence = element('join-sentence', HTMLElement)

  constructor(/** @type {(room: string) => void} */ onJoin) {
    element('new-room', HTMLElement).addEventListener('click', () => {
      this.#sentence.textContent = ''
      this.#name.value = ''
      this.#dialog.showModal()
    })
    element('join-cancel', HTMLElement).addEventListener('click', () => this.#dialog.close())
    element('join-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault()
      const room = roomCalled(this.#name.value.trim())
      if (room === '') {
        this.#sentence.textContent = 'A name has 1 to 123 letters, digits or . _ ~ @ -'
        return
      }
      this.#dialog.close()
      onJoin(room)
    })
  }
}

/** A plain name is a room of the chat; spaces become hyphens. */
export function roomCalled(/** @type {string} */ text) {
  const name = text.replaceAll(/\s+/g, '-')
  const room = name.includes(':') ? name : `chat:${name}`
  return name !== '' && isRoomName(room) ? room : ''
}
