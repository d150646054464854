// What an app still holds: all zero when everybody has gone and everything was given back.
import type { FastifyInstance } from 'fastify'
import { until } from './until.ts'

export const NOTHING_LEFT = { connections: 0, slots: 0, keys: 0, rooms: 0, slow: 0, budgets: 0 }

export function leftIn({ connections, rooms }: FastifyInstance): typeof NOTHING_LEFT {
  const { slots, slowReaders, budgets, clock } = connections
  budgets.sweep(clock.elapsed() + 120_000)
  return {
    connections: connections.size,
    slots: slots.taken,
    keys: slots.keys,
    rooms: rooms.size,
    slow: slowReaders.size,
    budgets: budgets.size,
  }
}

/** Resolves when nothing is left; a leak shows as a test that never ends. */
export async function nothingLeft(app: FastifyInstance): Promise<void> {
  await until(() => Object.values(leftIn(app)).every((count) => count === 0))
}
