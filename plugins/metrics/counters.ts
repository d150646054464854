// app.metrics: counters of connections, requests and refusals. Events of every message are counted
// as plain numbers in src/, which readings.ts reads.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, Histogram, Registry } from 'prom-client'
import type { Farewell } from '../../src/connection/farewell.ts'
import type { LimitName } from '../../src/protocol/limits.ts'
import type { EventLoopDelay } from './readings.ts'

const FAN_OUT_SECONDS = [0.000_1, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1]
const REQUEST_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5]
const EVENT_LOOP_RESOLUTION_MS = 10

export interface AnsweredRequest {
  method: string
  /** The route's pattern, or `none`. */
  route: string
  status: number
  seconds: number
}

export class Metrics {
  readonly registry = new Registry()
  readonly eventLoop: EventLoopDelay = monitorEventLoopDelay({
    resolution: EVENT_LOOP_RESOLUTION_MS,
  })
  readonly #fanOut = new Histogram({
    name: 'usher_fanout_seconds',
    help: 'Time spent writing to members at the end of one turn of the event loop.',
    buckets: FAN_OUT_SECONDS,
    registers: [this.registry],
  })
  readonly #requests = new Histogram({
    name: 'usher_http_request_seconds',
    help: 'Requests by route and status; upgrades that became connections are not among them.',
    labelNames: ['method', 'route', 'status'],
    buckets: REQUEST_SECONDS,
    registers: [this.registry],
  })
  readonly #opened = new Counter({
    name: 'usher_connections_opened_total',
    help: 'Connections that were let in, by how they proved who they are.',
    labelNames: ['proof'],
    registers: [this.registry],
  })
  readonly #closed = new Counter({
    name: 'usher_connections_closed_total',
    help: 'Connections that ended, by close code; 3008 are slow readers that were cut.',
    labelNames: ['code', 'by'],
    registers: [this.registry],
  })
  readonly #refused = new Counter({
    name: 'usher_handshakes_refused_total',
    help: 'Upgrades and first messages that were refused, by error.',
    labelNames: ['error'],
    registers: [this.registry],
  })
  readonly #commandsRefused = new Counter({
    name: 'usher_commands_refused_total',
    help: 'Commands of connections in many rooms that were refused, by reply code.',
    labelNames: ['code'],
    registers: [this.registry],
  })
  readonly #limits = new Counter({
    name: 'usher_limit_hits_total',
    help: 'How often a limit was hit, by its name in the settings.',
    labelNames: ['limit'],
    registers: [this.registry],
  })

  readonly #leftOut = new Counter({
    name: 'usher_log_lines_left_out_total',
    help: 'Log lines not written: of strangers (request, audit), or for a slow reader (output).',
    labelNames: ['log'],
    registers: [this.registry],
  })

  /** Counts one flush at the end of a turn, which took `ms` milliseconds. */
  onFlush = (ms: number): void => {
    this.#fanOut.observe(ms / 1_000)
  }

  opened(proof: string): void {
    this.#opened.inc({ proof })
  }

  closed({ code, byServer, limit }: Farewell): void {
    // A client may close with any number: all codes from 3000 on that it chose are one label.
    const known = byServer || code < 3_000
    this.#closed.inc({ code: known ? code : 'other', by: byServer ? 'server' : 'client' })
    if (limit !== null) this.limitHit(limit)
  }

  handshakeRefused(error: string): void {
    this.#refused.inc({ error })
  }

  commandRefused(code: number): void {
    this.#commandsRefused.inc({ code })
  }

  limitHit(limit: LimitName): void {
    this.#limits.inc({ limit })
  }

  /** Counts lines of the log that are not written. */
  leftOut(log: 'request' | 'audit' | 'output', lines = 1): void {
    this.#leftOut.inc({ log }, lines)
  }

  /** Counts an answered request; `seconds` is how long it took. */
  answered({ seconds, ...labels }: AnsweredRequest): void {
    this.#requests.observe(labels, seconds)
  }
}
