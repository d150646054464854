// The log of nodes that keep quotas of a day in Redis, as far as quotas are concerned: its rooms
// stand in memory, and an answer comes some turns after the draft was kept.
import type { Appended, AppendOptions } from '../../../src/engine/message-log.ts'
import { KeyConflict } from '../../../src/engine/message-log.ts'
import type { DailyQuotas } from '../../../src/engine/redis/daily-quotas.ts'
import type { Permit } from '../../../src/engine/redis/permit.ts'
import type { Draft } from '../../../src/protocol/message.ts'

type Known = { text: string; answer: Appended }

/** Rooms that all nodes share. */
export class QuotaRooms {
  readonly said = new Map<string, string[]>()
  readonly keys = new Map<string, Known>()
  /** Thrown instead of an answer. */
  failure: Error | null = null
}

export class QuotaLog {
  readonly #rooms: QuotaRooms
  readonly #quotas: DailyQuotas

  constructor(rooms: QuotaRooms, quotas: DailyQuotas) {
    this.#rooms = rooms
    this.#quotas = quotas
  }

  append(room: string, draft: Draft, { retention, key, holder }: AppendOptions) {
    const append = (permit: Permit) => this.#append(room, draft, { key, permit })
    if (retention === null) return append('begin') as Promise<Appended>
    const wish = { room, holder, bytes: draft.payload.length, hasKey: key !== null }
    return this.#quotas.within(wish, append)
  }

  async head(room: string) {
    return { epoch: 'e', offset: this.#rooms.said.get(room)?.length ?? 0 }
  }

  async #append(
    room: string,
    draft: Draft,
    { key, permit }: Pick<AppendOptions, 'key'> & { permit: Permit },
  ): Promise<Appended | null> {
    const answer = this.#keep(room, draft.payload.toString(), { key, permit })
    await new Promise((resolve) => setTimeout(resolve, 1))
    if (this.#rooms.failure !== null) throw this.#rooms.failure
    return answer
  }

  #keep(
    room: string,
    text: string,
    { key, permit }: Pick<AppendOptions, 'key'> & { permit: Permit },
  ): Appended | null {
    const { said, keys, failure } = this.#rooms
    const name = key && `${room} ${key.sender} ${key.value}`
    const known = name === null ? undefined : keys.get(name)
    if (known !== undefined) {
      if (known.text !== text) throw new KeyConflict()
      return { ...known.answer, repeated: true }
    }
    const there = said.get(room)
    if (permit === 'repeat' || (permit === 'append' && there === undefined)) return null
    if (failure !== null) return null
    const messages = [...(there ?? []), text]
    said.set(room, messages)
    const answer = { position: { epoch: 'e', offset: messages.length }, time: 1, repeated: false }
    if (name !== null) keys.set(name, { text, answer })
    return answer
  }
}
