// A stand-in for the `centrifuge` SDK, where the test is the server.
import { EventEmitter } from 'node:events'

export interface Asked {
  method: string
  data: Record<string, unknown>
  answer(data: unknown): void
  fail(error: { code: number; message?: string; temporary?: boolean }): void
}

type Listener = (event: unknown) => void

export class StandInMembership {
  readonly #events = new EventEmitter()
  readonly room: string
  readonly options: unknown
  isAsked = false

  constructor(room: string, options: unknown) {
    this.room = room
    this.options = options
    this.on('error', () => {})
  }

  on(event: string, listener: Listener): void {
    this.#events.on(event, listener)
  }

  emit(event: string, value: unknown): void {
    this.#events.emit(event, value)
  }

  subscribe(): void {
    this.isAsked = true
  }
}

export class StandInSdk {
  readonly #events = new EventEmitter()
  state = 'disconnected'
  readonly rooms = new Map<string, StandInMembership>()
  readonly asked: Asked[] = []
  readonly batches: string[][] = []

  on(event: string, listener: Listener): void {
    this.#events.on(event, listener)
  }

  emit(event: string, value: unknown): void {
    this.#events.emit(event, value)
  }

  newSubscription(room: string, options: unknown): StandInMembership {
    const membership = new StandInMembership(room, options)
    this.rooms.set(room, membership)
    return membership
  }

  removeSubscription({ room }: StandInMembership): void {
    this.rooms.delete(room)
  }

  startBatching(): void {
    this.batches.push([])
  }

  stopBatching(): void {
    const asked = [...this.rooms.values()].filter(({ isAsked }) => isAsked)
    this.batches.at(-1)?.push(...asked.map(({ room }) => room))
  }

  rpc(method: string, data: Record<string, unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const answer = (data: unknown) => resolve({ data })
      this.asked.push({ method, data: structuredClone(data), answer, fail: reject })
    })
  }

  /** The network and the server are there. */
  connect(): void {
    this.state = 'connected'
    this.emit('connected', {})
  }

  /** The network is gone, and with it every answer. */
  cut(): void {
    this.state = 'connecting'
    for (const { fail } of this.asked.splice(0)) fail({ code: 2, message: 'transport closed' })
  }

  membership(room: string): StandInMembership {
    const found = this.rooms.get(room)
    if (!found) throw new Error(`nothing was asked of ${room}`)
    return found
  }

  /** The calls of a method that wait for an answer. */
  take(method: string): Asked[] {
    const taken = this.asked.filter((asked) => asked.method === method)
    for (const asked of taken) this.asked.splice(this.asked.indexOf(asked), 1)
    return taken
  }
}
