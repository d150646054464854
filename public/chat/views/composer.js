// Where a message is written: text, a reply, a picture or a file.
import { element } from '../../shared/element.js'
import { base64Of, FILE_BYTES_MAX, summaryOf } from '../message-data.js'
import { isPicture, shrinkPicture } from '../shrink-picture.js'
import { sizeText } from './words.js'

/** @typedef {import('../conversation.js').Conversation} Conversation */
/** @typedef {import('../message-store.js').Message} Message */

export class Composer {
  #form = element('composer', HTMLFormElement)
  #text = element('message', HTMLTextAreaElement)
  #file = element('file', HTMLInputElement)
  #sentence = element('composer-sentence', HTMLElement)
  #replying = element('replying', HTMLElement)
  /** @type {Conversation | null} */
  #conversation = null
  /** What was written in each room and not sent. @type {Map<string, string>} */
  #drafts = new Map()
  /** @type {Message | null} */
  #repliedTo = null
  #onSent
  #onUp

  /** @param {{ sent(): void, up(): void }} on */
  constructor({ sent, up }) {
    this.#onSent = sent
    this.#onUp = up
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault()
      this.#sendText()
    })
    this.#text.addEventListener('input', () => this.#typed())
    this.#text.addEventListener('keydown', (event) => this.#key(event))
    this.#text.addEventListener('paste', (event) => this.#pasted(event))
    element('attach', HTMLElement).addEventListener('click', () => this.#file.click())
    element('replying-end', HTMLElement).addEventListener('click', () => this.reply(null))
    this.#file.addEventListener('change', () => {
      const [chosen] = this.#file.files ?? []
      if (chosen) this.sendFile(chosen)
      this.#file.value = ''
    })
    const frame = element('room', HTMLElement)
    frame.addEventListener('dragover', (event) => event.preventDefault())
    frame.addEventListener('drop', (event) => {
      event.preventDefault()
      const [dropped] = event.dataTransfer?.files ?? []
      if (dropped) this.sendFile(dropped)
    })
  }

  open(/** @type {Conversation} */ conversation) {
    if (this.#conversation) this.#drafts.set(this.#conversation.room, this.#text.value)
    this.#conversation = conversation
    this.#text.value = this.#drafts.get(conversation.room) ?? ''
    this.#say('')
    this.reply(null)
    this.#grow()
    this.focusIfKeyboard()
  }

  /** Forgets what was written, since the next person at this screen must not see it. */
  end() {
    this.#drafts.clear()
    this.#conversation = null
    this.#text.value = ''
    this.reply(null)
  }

  reply(/** @type {Message | null} */ message) {
    this.#repliedTo = message
    this.#replying.hidden = message === null
    if (message === null) return
    const { isOwn, name, content } = message
    element('replying-name', HTMLElement).textContent = isOwn ? 'You' : name
    element('replying-text', HTMLElement).textContent = summaryOf(content)
    this.#text.focus()
  }

  /** On a phone the focus would open the on-screen keyboard. */
  focusIfKeyboard() {
    if (matchMedia('(pointer: fine)').matches) this.#text.focus()
  }

  /** A file over the bound is refused before it is read; a picture is made smaller. */
  async sendFile(/** @type {File} */ file) {
    const conversation = this.#conversation
    this.#say('')
    if (file.size === 0) return this.#say(`“${file.name}” is empty.`)
    const shrinks = isPicture(file)
    if (!shrinks && file.size > FILE_BYTES_MAX) {
      const [size, most] = [sizeText(file.size), sizeText(FILE_BYTES_MAX)]
      return this.#say(`“${file.name}” has ${size}: at most ${most} can be sent at once.`)
    }
    this.#form.setAttribute('aria-busy', 'true')
    const read = shrinks ? await shrinkPicture(file) : await bytesIn(file)
    this.#form.removeAttribute('aria-busy')
    if (read === null) return this.#say(`“${file.name}” could not be read.`)
    const { bytes, ...size } = read
    if (conversation !== this.#conversation) return
    this.#send({ file: { name: file.name.slice(-100), base64: base64Of(bytes), ...size } })
  }

  #sendText() {
    const text = this.#text.value.trim()
    if (text === '' || !this.#send({ text })) return
    this.#text.value = ''
    this.#grow()
    this.#text.focus()
  }

  #send(/** @type {Omit<import('../message-data.js').ChatData, 'key'>} */ said) {
    const repliedTo = this.#repliedTo
    const reply = repliedTo?.offset && {
      offset: repliedTo.offset,
      name: repliedTo.name,
      text: summaryOf(repliedTo.content),
    }
    const sentence = this.#conversation?.send({ ...said, ...(reply ? { reply } : {}) }) ?? ''
    this.#say(sentence)
    if (sentence !== '') return false
    this.reply(null)
    this.#onSent()
    return true
  }

  #typed() {
    this.#say('')
    this.#grow()
    if (this.#text.value !== '') this.#conversation?.typing.typed()
  }

  #key(/** @type {KeyboardEvent} */ event) {
    if (event.isComposing) return
    if (event.key === 'Escape') this.reply(null)
    if (event.key === 'ArrowUp' && this.#text.value === '') {
      event.preventDefault()
      this.#onUp()
    }
    if (event.key !== 'Enter' || event.shiftKey) return
    event.preventDefault()
    this.#sendText()
  }

  #pasted(/** @type {ClipboardEvent} */ event) {
    const [pasted] = event.clipboardData?.files ?? []
    if (!pasted) return
    event.preventDefault()
    this.sendFile(pasted)
  }

  /** The field is as high as what is written, up to the height that its style allows. */
  #grow() {
    this.#text.style.height = 'auto'
    this.#text.style.height = `${this.#text.scrollHeight + 2}px`
    this.#form.toggleAttribute('data-empty', this.#text.value.trim() === '')
  }

  #say(/** @type {string} */ sentence) {
    this.#sentence.textContent = sentence
  }
}

async function bytesIn(/** @type {File} */ file) {
  const content = await file.arrayBuffer().catch(() => null)
  return content && { bytes: new Uint8Array(content) }
}
