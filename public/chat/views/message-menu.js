// What can be done with one message, and who got and read it.
import { element } from '../../shared/element.js'
import { summaryOf } from '../message-data.js'
import { button, make } from './make.js'

/** @typedef {import('../conversation.js').Conversation} Conversation */
/** @typedef {import('../message-store.js').Message} Message */

export class MessageMenu {
  #dialog = element('message-dialog', HTMLDialogElement)
  #actions = element('message-actions', HTMLElement)
  #receipts = element('message-receipts', HTMLElement)
  #on

  /** @param {{ reply(message: Message): void, fail(sentence: string): void }} on */
  constructor(on) {
    this.#on = on
    this.#dialog.addEventListener('click', ({ target }) => {
      if (target === this.#dialog) this.#dialog.close()
    })
  }

  open(/** @type {Conversation} */ conversation, /** @type {Message} */ message) {
    element('message-quote', HTMLElement).textContent = summaryOf(message.content)
    this.#receipts.hidden = true
    const items = this.#actionsFor(conversation, message).map(([label, run, className = '']) => {
      const item = make('li')
      const act = () => {
        this.#dialog.close()
        run()
      }
      item.append(button(label, act, { className: `action ${className}` }))
      return item
    })
    this.#actions.replaceChildren(...items)
    this.#dialog.showModal()
    if (message.isOwn && message.offset !== undefined) this.#tellReceipts(conversation, message)
  }

  /** @returns {[string, () => void, string?][]} */
  #actionsFor(/** @type {Conversation} */ conversation, /** @type {Message} */ message) {
    const { offset, content, isOwn, state } = message
    /** @type {[string, () => void, string?][]} */
    const actions = []
    if (offset !== undefined && content) actions.push(['Reply', () => this.#on.reply(message)])
    if (content?.text) {
      actions.push(['Copy the text', () => void navigator.clipboard?.writeText(content.text)])
    }
    if (state === 'failed') actions.push(['Send again', () => conversation.sendAgain(message)])
    if (state !== 'sent') {
      actions.push(['Do not send', () => conversation.discard(message.key), 'danger'])
    }
    if (isOwn && offset !== undefined && content) {
      actions.push(['Take back', () => this.#takeBack(conversation, offset), 'danger'])
    }
    actions.push(['Cancel', () => {}])
    return actions
  }

  #takeBack(/** @type {Conversation} */ conversation, /** @type {number} */ offset) {
    conversation.takeBack(offset).catch((error) => this.#on.fail(error.message))
  }

  async #tellReceipts(/** @type {Conversation} */ conversation, /** @type {Message} */ message) {
    const told = await conversation.whoRead(/** @type {number} */ (message.offset))
    if (!told || !Array.isArray(told.participants)) return
    const names = new Map(told.participants.map((/** @type {any} */ one) => [one.user, one.name]))
    const say = (/** @type {string[]} */ users) => {
      const others = users.filter((user) => user !== message.user)
      return others.map((user) => names.get(user) ?? user).join(', ') || 'no one yet'
    }
    const lines = [
      ['Read by', say(told.readBy ?? [])],
      ['Delivered to', say(told.deliveredTo ?? [])],
    ]
    const parts = lines.flatMap(([term, text]) => [make('dt', '', term), make('dd', '', text)])
    this.#receipts.replaceChildren(...parts)
    this.#receipts.hidden = false
  }
}
