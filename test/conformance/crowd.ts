// A room in which a seed decides which speaker sends what: speakers by WebSocket and over REST,
// pings from both sides, and visitors that join, listen for a while, and leave or are sent away.

import type { StartedApp } from '../support/app.ts'
import { Dice } from '../support/dice.ts'
import { OPCODE } from '../support/frames.ts'
import type { ManualClock } from '../support/manual-clock.ts'
import { asServer, call, ticketOf } from '../support/people.ts'
import { goodClose, inFragments, textOf } from './frame-orders.ts'
import { type StrictClient, strictConnect } from './strict-client.ts'
import { verdictOn } from './verdict.ts'

export interface Said {
  kind: 'text' | 'binary'
  payload: Buffer
}

export interface Crowd {
  usher: StartedApp
  clock: ManualClock
  room: string
  seed: number
}

const SMALL = [0, 1, 2, 124, 125, 126, 127, 128, 1_000]
const LARGE = [65_534, 65_535, 65_536, 65_537]
/** Length of the tag that names the speaker; only the first speaker sends less than that. */
const TAG_BYTES = 8
/** Speakers with a connection; the speaker over REST has the number after them. */
const SPEAKERS = 3

export const speakerOf = ({ payload }: Said): number =>
  payload.length < TAG_BYTES ? 0 : Number(payload.toString('latin1', 0, 1))

/** A run of the room; in each step a speaker sends, a visitor joins, or the clock moves. */
export class Play {
  /** The messages of each speaker, in order; the last one speaks over REST. */
  readonly said: Said[][] = Array.from({ length: SPEAKERS + 1 }, () => [])
  /** Faults that visitors saw. */
  readonly wrongs: string[] = []
  visits = 0
  readonly #crowd: Crowd
  readonly #dice: Dice
  readonly #speakers: readonly StrictClient[]
  readonly #pings: Buffer[][] = Array.from({ length: SPEAKERS }, () => [])
  readonly #visiting = new Set<Promise<void>>()

  constructor(crowd: Crowd, speakers: readonly StrictClient[]) {
    this.#crowd = crowd
    this.#dice = new Dice(crowd.seed, 0)
    this.#speakers = speakers
  }

  static async open(crowd: Crowd): Promise<Play> {
    const { usher, room } = crowd
    const one = () => strictConnect(usher.url, `/rooms/${room}`, { headers: asServer })
    return new Play(crowd, await Promise.all(Array.from({ length: SPEAKERS }, one)))
  }

  get speakers(): readonly StrictClient[] {
    return this.#speakers
  }

  get count(): number {
    return this.said.reduce((sum, { length }) => sum + length, 0)
  }

  async step(): Promise<void> {
    const dice = this.#dice
    if (dice.once(40)) await this.#crowd.clock.advance(1_000)
    if (dice.once(25)) this.#receiveVisitor()
    if (dice.once(10)) return this.#post()
    this.say(dice.below(SPEAKERS))
    // Else the next frames come in the same turn, and all go out in one buffer.
    if (dice.once(3)) await new Promise(setImmediate)
  }

  say(speaker: number, payload = this.#payloadOf(speaker)): void {
    const opcode = payload.kind === 'text' ? OPCODE.text : OPCODE.binary
    const frames = inFragments(this.#dice, { opcode, payload: payload.payload })
    const { messages, pongs } = verdictOn(frames)
    this.said[speaker]?.push(...messages)
    this.#pings[speaker]?.push(...pongs)
    this.#speakers[speaker]?.send(...frames)
  }

  /** Speakers whose pings were not all answered, each with its own payload. */
  unanswered(): number[] {
    return this.#speakers.flatMap(({ reader }, speaker) => {
      const pongs = reader.controls.filter(({ name }) => name === 'pong')
      const same = pongs.map(({ payload }) => payload)
      const sent = this.#pings[speaker] ?? []
      return Buffer.concat(same).equals(Buffer.concat(sent)) && same.length === sent.length
        ? []
        : [speaker]
    })
  }

  async visitorsGone(): Promise<void> {
    await Promise.all(this.#visiting)
  }

  #payloadOf(speaker: number): Said {
    const dice = this.#dice
    const size = dice.once(24) ? dice.pick(LARGE) : dice.pick(SMALL)
    const kind = dice.pick(['text', 'binary'] as const)
    if (speaker === 0 && size < TAG_BYTES) return { kind, payload: textOf(dice, size) }
    const tag = Buffer.from(`${speaker} ${this.said[speaker]?.length}`.padEnd(TAG_BYTES))
    const rest = Math.max(0, size - TAG_BYTES)
    const body = kind === 'text' ? textOf(dice, rest) : Buffer.alloc(rest, dice.bytes(61))
    return { kind, payload: Buffer.concat([tag, body]) }
  }

  async #post(): Promise<void> {
    const { usher, room } = this.#crowd
    const said = this.#payloadOf(SPEAKERS)
    const type = said.kind === 'text' ? 'text/plain' : 'application/octet-stream'
    const headers = { ...asServer, 'content-type': type }
    const body = new Uint8Array(said.payload)
    const answer = await fetch(`${usher.url}/rooms/${room}/messages`, {
      method: 'POST',
      headers,
      body,
    })
    if (answer.status !== 201) this.wrongs.push(`REST: ${answer.status}`)
    this.said[SPEAKERS]?.push(said)
  }

  #receiveVisitor(): void {
    this.visits += 1
    const dice = new Dice(this.#crowd.seed, this.visits)
    const visiting = this.#visit(`u_visitor${this.visits}`, dice)
    this.#visiting.add(visiting)
    visiting.then(() => this.#visiting.delete(visiting))
  }

  async #visit(user: string, dice: Dice): Promise<void> {
    const { usher, room } = this.#crowd
    const ticket = await ticketOf(usher, asServer, { user })
    const answers = dice.once(2)
    const path = `/rooms/${room}?ticket=${ticket}`
    const visitor = await strictConnect(usher.url, path, { answers })
    for (let turns = dice.below(60); turns > 0; turns -= 1) await new Promise(setImmediate)
    const code = await this.#leave(visitor, user, dice)
    const closing = await visitor.closing()
    if (closing.code !== code) this.wrongs.push(`${user}: ${closing.code} instead of ${code}`)
    // A visitor that does not answer stays to read, and nothing may follow.
    if (!answers) visitor.socket.end()
    await visitor.gone()
    const { violation, betweenFrames } = visitor.reader
    if (violation !== null) this.wrongs.push(`${user}: ${violation}`)
    if (!betweenFrames) this.wrongs.push(`${user}: half a frame at the end`)
  }

  /** The visitor closes, or a server key sends it out. Returns the code of the close to expect. */
  async #leave(visitor: StrictClient, user: string, dice: Dice): Promise<number> {
    const { usher, room } = this.#crowd
    if (dice.once(2)) {
      const frame = goodClose(dice)
      visitor.send(frame)
      return verdictOn([frame]).code ?? 0
    }
    const membership = `${usher.url}/rooms/${room}/members/${user}`
    await call(membership, 'DELETE', { headers: asServer })
    return 3_503
  }
}
