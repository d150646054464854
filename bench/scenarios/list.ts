// All scenarios, in the order of the table.
import { CONNECT_RATE } from './connect-rate.ts'
import { IDLE_MEMORY } from './idle-memory.ts'
import { REST_PUBLISH } from './rest-publish.ts'
import {
  ALL_FORMATS,
  RICH_BIG_ROOM,
  RICH_CONNECT,
  RICH_FIXED_RATE,
  RICH_IDLE,
  RICH_ROOMS,
} from './rich.ts'
import type { Scenario } from './scenario.ts'
import { SLOW_READER } from './slow-reader.ts'
import {
  BESIDE_STORED,
  FIXED_RATE,
  LOW_RATE,
  MANY_PUBLISHERS,
  MANY_ROOMS,
  ONE_BIG_ROOM,
  STORED_PUBLISH,
} from './talk.ts'

export const SCENARIOS: readonly Scenario[] = [
  ONE_BIG_ROOM,
  FIXED_RATE,
  LOW_RATE,
  MANY_ROOMS,
  MANY_PUBLISHERS,
  IDLE_MEMORY,
  CONNECT_RATE,
  SLOW_READER,
  REST_PUBLISH,
  STORED_PUBLISH,
  BESIDE_STORED,
  RICH_BIG_ROOM,
  RICH_FIXED_RATE,
  RICH_ROOMS,
  ALL_FORMATS,
  RICH_IDLE,
  RICH_CONNECT,
]

const SHORT: ReadonlyMap<Scenario, readonly string[]> = new Map([
  [ONE_BIG_ROOM, ['usher', 'C floor', 'bun']],
  [MANY_ROOMS, ['usher', 'C floor', 'bun']],
  [CONNECT_RATE, ['usher, ticket', '@fastify/websocket']],
  [REST_PUBLISH, ['usher', 'fastify']],
  [RICH_BIG_ROOM, ['usher, JSON', 'usher, raw 181 B']],
  [RICH_CONNECT, ['usher, JSON', '@fastify/websocket']],
])

/** What CI runs: those with the rows that are quick and close enough to fall behind. */
export const SHORT_SCENARIOS: readonly Scenario[] = [...SHORT].map(([scenario, names]) => ({
  ...scenario,
  rows: scenario.rows.filter(({ name }) => names.includes(name)),
}))
