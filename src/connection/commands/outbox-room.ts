// Large replies are made at the pace at which the client reads them: what it missed in many rooms,
// or pages of many, would together be over the bound of its outbox, and cut it as slow.
import { sleep } from '../../time/clock.ts'
import type { Connection } from '../connection.ts'

/** So much may wait when the next reply is made. */
const PART_OF_OUTBOX = 1 / 4
const LOOK_AGAIN_MS = 20

/** Resolves when little waits for the client, or the connection is closing. */
export async function outboxRoom(connection: Connection): Promise<void> {
  const { limits, clock } = connection.connections
  const most = limits.outboxBytes * PART_OF_OUTBOX
  while (!connection.isClosed && connection.bufferedBytes > most) await sleep(clock, LOOK_AGAIN_MS)
}
