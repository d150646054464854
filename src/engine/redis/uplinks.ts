// Commands of clients without a WebSocket go to the node that has the connection over a channel of
// that node, and the answer comes back over one of the node that asked.
import type { Clock } from '../../time/clock.ts'
import type { Random } from '../../time/random.ts'
import { EngineUnavailable } from '../engine.ts'
import { newNodeId } from '../node-id.ts'
import type { UplinkFrame, UplinkReceiver, Uplinks } from '../uplinks.ts'
import type { Keys } from './keys.ts'
import type { RedisLink } from './link.ts'
import type { NodeLease } from './node-lease.ts'
import { PendingCalls } from './pending-calls.ts'
import { readUplink, writeUplink } from './uplink-message.ts'

/** Each is a request that waits, of some hundred KB at most. */
const IN_FLIGHT_MAX = 1_000

export interface RedisUplinksParts {
  link: RedisLink
  keys: Keys
  clock: Clock
  random: Random
  lease: NodeLease
}

export class RedisUplinks implements Uplinks {
  readonly #link: RedisLink
  readonly #keys: Keys
  /** Names the channel of answers. It outlives the ids of the node. */
  readonly #asker: string
  readonly #pending: PendingCalls
  readonly #waiting = new Map<number, (isTaken: boolean) => void>()
  /** This node is found by every id that it ever had: clients keep the one that they were told. */
  readonly #ours = new Set<string>()
  #receive: UplinkReceiver | null = null
  #lastId = 0

  constructor({ link, keys, clock, random, lease }: RedisUplinksParts) {
    this.#link = link
    this.#keys = keys
    this.#asker = newNodeId(random)
    this.#pending = new PendingCalls(clock, nothing, 'The node of the connection did not answer.')
    lease.beforeEachId((node) => this.#listen(node))
  }

  /** MUST resolve before `send` is called, and before the lease is opened. */
  async open(): Promise<void> {
    await this.#link.subscribe(this.#channel(this.#asker, 'answers'), (answer) => {
      const [id, isTaken] = answer.toString().split(' ')
      this.#answered(Number(id), isTaken === '1')
    })
  }

  async send(node: string, frame: UplinkFrame): Promise<boolean> {
    if (this.#ours.has(node)) return this.#take(frame)
    if (this.#pending.size >= IN_FLIGHT_MAX) {
      throw new EngineUnavailable('Too many commands wait for the answers of other nodes.')
    }
    this.#lastId += 1
    const id = this.#lastId
    const answer = new Promise<boolean>((resolve) => this.#waiting.set(id, resolve))
    const message = writeUplink({ id, asker: this.#asker }, frame)
    try {
      return await this.#pending.add(this.#isHeard(node, message).then((is) => is && answer))
    } finally {
      this.#waiting.delete(id)
    }
  }

  async follow(receive: UplinkReceiver): Promise<() => void> {
    this.#receive = receive
    return () => {
      if (this.#receive === receive) this.#receive = null
    }
  }

  close(): void {
    this.#receive = null
    this.#pending.stop()
    for (const node of this.#ours) this.#link.unsubscribe(this.#channel(node, 'uplinks'))
    this.#link.unsubscribe(this.#channel(this.#asker, 'answers'))
  }

  #channel(node: string, part: string): string {
    return this.#keys.node(node, part)
  }

  async #listen(node: string): Promise<void> {
    await this.#link.subscribe(this.#channel(node, 'uplinks'), (message) => {
      const { id, asker, frame } = readUplink(message)
      this.#answer(asker, `${id} ${this.#take(frame) ? 1 : 0}`)
    })
    this.#ours.add(node)
  }

  #take(frame: UplinkFrame): boolean {
    return this.#receive?.(frame) ?? false
  }

  /** An asker that gets no answer finds that out by itself. */
  #answer(asker: string, answer: string): void {
    this.#publish(this.#channel(asker, 'answers'), answer).catch(nothing)
  }

  #answered(id: number, isTaken: boolean): void {
    this.#waiting.get(id)?.(isTaken)
  }

  /** Whether there is a node of that id. */
  async #isHeard(node: string, message: Buffer): Promise<boolean> {
    return (await this.#publish(this.#channel(node, 'uplinks'), message)) !== 0
  }

  async #publish(channel: string, message: string | Buffer): Promise<unknown> {
    return this.#link.send(channel, ['SPUBLISH', channel, message])
  }
}

function nothing(): undefined {}
