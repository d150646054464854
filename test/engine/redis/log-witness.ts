// A follower that checks what it is told: each message once and in its order, and each gap where
// the last message was.
import type { Follower } from '../../../src/engine/message-log.ts'
import type { Message, Position } from '../../../src/protocol/message.ts'

interface Heard {
  readonly text: string
  readonly redacted: boolean
  /** How many gaps came before. */
  readonly gaps: number
}

export class Witness implements Follower {
  readonly faults: string[] = []
  /** What was told of each epoch, by offset. */
  readonly heard = new Map<string, Map<number, Heard>>()
  gaps = 0
  isStopped = false
  /** How many messages had been sent when the follow had begun. */
  begunAt = 0
  readonly #texts = new Set<string>()
  #last: Position | null = null

  /** The position of the last message; null when a gap came since, or nothing was told. */
  get last(): Position | null {
    return this.#last
  }

  hasHeard(text: string): boolean {
    return this.#texts.has(text)
  }

  onMessage({ epoch, offset, payload, redacted }: Message): void {
    this.#mayTell()
    const text = payload.toString()
    if (text !== '' && this.#texts.has(text)) this.#fault(`${text} was told twice`)
    this.#texts.add(text)
    if (epoch === null) return
    this.#check({ epoch, offset })
    this.#last = { epoch, offset }
    const ofEpoch = this.heard.get(epoch) ?? new Map<number, Heard>()
    this.heard.set(epoch, ofEpoch)
    ofEpoch.set(offset, { text, redacted: redacted === true, gaps: this.gaps })
  }

  onRedacted(offset: number): void {
    this.#mayTell()
    for (const [, ofEpoch] of [...this.heard].slice(-1)) {
      const heard = ofEpoch.get(offset)
      if (heard !== undefined) ofEpoch.set(offset, { ...heard, redacted: true })
    }
  }

  onUserRedacted(): void {
    this.#mayTell()
  }

  onRecounted(): void {
    this.#mayTell()
  }

  onHidden(): void {
    this.#mayTell()
  }

  onGap(after: Position): void {
    this.#mayTell()
    const last = this.#last
    const isSame = last === null || (last.epoch === after.epoch && last.offset === after.offset)
    if (!isSame) this.#fault(`gap after ${say(after)}, but the last message was ${say(last)}`)
    this.gaps += 1
    this.#last = null
  }

  #check(at: Position): void {
    const last = this.#last
    if (last === null) return
    const isNext = at.epoch === last.epoch && at.offset === last.offset + 1
    if (!isNext) this.#fault(`${say(at)} came after ${say(last)}`)
  }

  #mayTell(): void {
    if (this.isStopped) this.#fault('told after the stop')
  }

  #fault(sentence: string): void {
    this.faults.push(sentence)
  }
}

function say({ epoch, offset }: Position): string {
  return `${epoch}:${offset}`
}
