// All connections of one load process: connect them, let some talk, count what came.
import { setTimeout as sleep } from 'node:timers/promises'
import { busyShare, busySoFar } from './busy.ts'
import { Client, type Tally } from './client.ts'
import { micros } from './clock.ts'
import { Latencies } from './latency.ts'
import type { ConnectOrder, Counted, Part, TalkOrder } from './orders.ts'

const SLOW_READ_MS = 1_000
const TICK_MS = 1
const TURN_TICK_MS = 2
const SETTLE_STEP_MS = 100

export class Crowd {
  readonly #clients: Client[] = []
  readonly #tally: Tally = { delivered: 0, bytes: 0, latencies: null, lateness: null }

  /** Resolves with the seconds it took. */
  async connect({ target, openings, atOnce, turnMs }: ConnectOrder): Promise<number> {
    const began = micros()
    const waiting = openings.map((opening) => new Client(target, opening, this.#tally))
    this.#clients.push(...waiting)
    const queue = waiting.values()
    await Promise.all(Array.from({ length: atOnce }, () => connectFrom(queue)))
    const seconds = (micros() - began) / 1e6
    const slow = waiting.filter(({ opening }) => opening.reads === 'slowly')
    if (slow.length > 0) setInterval(() => slow.forEach(readOn), SLOW_READ_MS)
    const patient = waiting.filter(({ opening }) => opening.reads === 'in turns')
    if (patient.length > 0) readInTurns(patient, turnMs)
    return seconds
  }

  async talk(order: TalkOrder): Promise<Part> {
    const publishers = this.#clients.filter(({ opening }) => opening.publisher !== null)
    for (const client of publishers) client.speak(client.opening.publisher ?? 0, order.size)
    await until(order.startsAt)
    const stop = begin(publishers, order, this.#tally)
    await sleep(order.warmSeconds * 1_000)
    const latencies = new Latencies()
    const lateness = new Latencies()
    Object.assign(this.#tally, { latencies, lateness })
    const { delivered, bytes } = this.#tally
    const busy = busySoFar()
    await sleep(order.seconds * 1_000)
    const now = busySoFar()
    const seconds = (now.at - busy.at) / 1e6
    const done = this.#tally.delivered - delivered
    const load = busyShare(busy, now)
    Object.assign(this.#tally, { latencies: null, lateness: null })
    stop()
    const lateMs = lateness.quantile(0.99) ?? 0
    const bytesEach = (this.#tally.bytes - bytes) / Math.max(1, done)
    return { done, seconds, load, latencies: latencies.counts, lateMs, bytesEach }
  }

  /**
   * Resolves when no bytes came for a while, or when it takes too long. Slow readers read at once
   * from here on: bytes that the kernel still holds for them hide whether they were cut.
   */
  async settle(quietMs: number, maxMs: number): Promise<void> {
    for (const client of this.#clients) if (client.opening.reads === 'slowly') client.hurry()
    const giveUp = micros() + maxMs * 1e3
    let quiet = 0
    while (quiet < quietMs && micros() < giveUp) {
      const before = this.#tally.delivered
      await sleep(SETTLE_STEP_MS)
      quiet = this.#tally.delivered === before ? quiet + SETTLE_STEP_MS : 0
    }
  }

  count(): Counted {
    const counted: Counted = {
      sent: {},
      got: {},
      delivered: this.#tally.delivered,
      closed: 0,
      slowClosed: 0,
    }
    for (const { opening, sent, got, closed } of this.#clients) {
      for (const room of opening.rooms) counted.sent[room] = (counted.sent[room] ?? 0) + sent
      if (closed && opening.reads === 'slowly') counted.slowClosed += 1
      else if (closed) counted.closed += 1
      if (closed && opening.reads === 'slowly') continue
      const rooms = opening.rooms.join()
      counted.got[rooms] ??= {}
      const gots = counted.got[rooms] ?? {}
      gots[got] = (gots[got] ?? 0) + 1
    }
    return counted
  }
}

async function connectFrom(queue: Iterator<Client>): Promise<void> {
  for (let next = queue.next(); !next.done; next = queue.next()) await next.value.connect()
}

function readOn(client: Client): void {
  client.readOn()
}

/**
 * Reads a few clients at each tick, so that clients that read at once never wait for all others.
 */
function readInTurns(clients: readonly Client[], turnMs: number): void {
  let next = 0
  let began = micros()
  setInterval(() => {
    const now = micros()
    const share = Math.min(1, (now - began) / 1e3 / turnMs)
    began = now
    for (let left = Math.ceil(clients.length * share); left > 0; left -= 1) {
      clients[next]?.readOn()
      next = (next + 1) % clients.length
    }
  }, TURN_TICK_MS)
}

async function until(at: number): Promise<void> {
  await sleep(Math.max(0, (at - micros()) / 1e3))
}

/** Lets the publishers talk; returns what stops them. */
function begin(publishers: readonly Client[], order: TalkOrder, tally: Tally): () => void {
  const { pace } = order
  if ('perSecond' in pace) return keepRate(publishers, { ...order, ...pace }, tally)
  for (const client of publishers) client.keepInFlight(pace.window)
  return () => {
    for (const client of publishers) client.keepInFlight(0)
  }
}

/** Each message carries when it was due, so that sending late counts as latency. */
function keepRate(
  publishers: readonly Client[],
  { perSecond, startsAt, part }: TalkOrder & { perSecond: number },
  tally: Tally,
): () => void {
  if (publishers.length === 0) return () => {}
  let sent = 0
  const timer = setInterval(() => {
    const now = micros()
    for (;;) {
      const due = startsAt + ((sent * part.of + part.index) / perSecond) * 1e6
      if (due > now) return
      publishers[sent % publishers.length]?.publish(1, due)
      tally.lateness?.record(now - due)
      sent += 1
    }
  }, TICK_MS)
  return () => clearInterval(timer)
}
