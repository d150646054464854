// All scenarios, in the order of the table.
import { BESIDE_STORED } from './beside-stored.ts'
import { CONNECT_RATE } from './connect-rate.ts'
import { FIXED_RATE, LOW_RATE } from './fixed-rate.ts'
import { IDLE_MEMORY } from './idle-memory.ts'
import { MANY_PUBLISHERS } from './many-publishers.ts'
import { MANY_ROOMS } from './many-rooms.ts'
import { ONE_BIG_ROOM } from './one-big-room.ts'
import { REST_PUBLISH } from './rest-publish.ts'
import type { Scenario } from './scenario.ts'
import { SLOW_READER } from './slow-reader.ts'
import { STORED_PUBLISH } from './stored-publish.ts'

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
]

/** What CI runs: these scenarios, with the rows that are quick and close enough to fall behind. */
export const SHORT: ReadonlyMap<Scenario, readonly string[]> = new Map([
  [ONE_BIG_ROOM, ['usher', 'C floor', 'bun']],
  [MANY_ROOMS, ['usher', 'C floor', 'bun']],
  [CONNECT_RATE, ['usher, ticket', '@fastify/websocket']],
  [REST_PUBLISH, ['usher', 'fastify']],
])
