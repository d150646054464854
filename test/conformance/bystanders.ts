// Two members that send messages to each other all the while, and must hear everything in order.

import { OPCODE } from '../support/frames.ts'
import { until } from '../support/until.ts'
import type { StrictClient } from './strict-client.ts'
import type { Message } from './strict-reader.ts'

const MARK = 'witness '

export class Bystanders {
  readonly #speaker: StrictClient
  readonly listener: StrictClient
  #said = 0
  #heard = 0
  #stopped = false
  readonly #talk: Promise<void>

  constructor(speaker: StrictClient, listener: StrictClient) {
    this.#speaker = speaker
    this.listener = listener
    this.#talk = this.#go()
  }

  /** Messages of others that the listener heard, in order. */
  get others(): Message[] {
    return this.listener.reader.messages.filter((message) => !isOurs(message))
  }

  /** Ends the talk when all of it was heard; resolves with the fault, if there was one. */
  async stop(): Promise<string[]> {
    this.#stopped = true
    await this.#talk
    const { messages } = this.listener.reader
    await until(() => this.#count() === this.#said || this.listener.ended)
    const numbers = messages
      .filter(isOurs)
      .map(({ payload }) => Number(payload.toString().slice(8)))
    const wrong = numbers.flatMap((number, at) => (number === at ? [] : [`${number} at ${at}`]))
    if (numbers.length !== this.#said) wrong.push(`${numbers.length} of ${this.#said} heard`)
    for (const { reader, ended } of [this.#speaker, this.listener]) {
      if (reader.violation !== null) wrong.push(reader.violation)
      if (reader.closing !== null || ended) wrong.push('a witness was closed')
    }
    return wrong
  }

  /** Sends as fast as it is heard, so that a message is always on its way. */
  async #go(): Promise<void> {
    while (!this.#stopped && !this.listener.ended) {
      this.#speaker.send({ opcode: OPCODE.text, payload: MARK + this.#said })
      this.#said += 1
      await new Promise(setImmediate)
      if (this.#said % 8 === 0) await until(() => this.#count() > this.#said - 64)
    }
  }

  /** Looks only at the messages since its last look. */
  #next = 0
  #count(): number {
    const { messages } = this.listener.reader
    for (; this.#next < messages.length; this.#next += 1) {
      const message = messages[this.#next]
      if (message !== undefined && isOurs(message)) this.#heard += 1
    }
    return this.#heard
  }
}

function isOurs({ payload }: Message): boolean {
  return payload.toString('latin1', 0, MARK.length) === MARK
}
