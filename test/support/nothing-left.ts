// What an app still keeps: all zero when every connection has ended and everything was given back.
import type { FastifyInstance } from 'fastify'
import { until } from './until.ts'

export const NOTHING_LEFT = {
  connections: 0,
  connectionLimits: 0,
  keys: 0,
  rooms: 0,
  slow: 0,
  userRates: 0,
}

export function leftIn({ connections, rooms }: FastifyInstance): typeof NOTHING_LEFT {
  const { connectionLimits, slowReaders, shares, clock } = connections
  shares.sweep(clock.elapsed() + 120_000)
  return {
    connections: connections.size,
    connectionLimits: connectionLimits.taken,
    keys: connectionLimits.keys,
    rooms: rooms.size,
    slow: slowReaders.size,
    userRates: shares.holders('messages'),
  }
}

/** Resolves when nothing is left; the error of a leak says what leaked. */
export async function nothingLeft(app: FastifyInstance): Promise<void> {
  const isEmpty = () => Object.values(leftIn(app)).every((count) => count === 0)
  await until(isEmpty).catch((error) => {
    throw new Error(`still there: ${JSON.stringify(leftIn(app))}`, { cause: error })
  })
}
