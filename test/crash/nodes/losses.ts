// Blows in which Redis loses data: all of it, or the newest part of its log. What it has kept is
// read before a node can reach it, so that the verdict knows what may be gone.
import { setTimeout as pause } from 'node:timers/promises'
import { connect } from '../../support/client.ts'
import type { Dice } from '../../support/dice.ts'
import { asServer } from '../../support/people.ts'
import { until } from '../../support/until.ts'
import { payloadOf } from '../payload.ts'
import type { Record } from '../record.ts'
import type { ServiceNode } from './service-node.ts'
import type { Blow, Targets } from './targets.ts'

const NEWEST_BYTES_MAX = 200_000
const WRITES_WITHIN_MS = 15_000

/** Whether the one that writes first follows the room by then. */
export type Outsider = 'with a member' | 'without members'

export const loseAll: Blow = async ({ service }) => service.redis.forget()

export const loseNewest: Blow = async ({ service }, dice) =>
  service.redis.forgetNewest(1 + dice.below(NEWEST_BYTES_MAX))

/** Redis is killed and back; what it has lost meanwhile is noted. */
export async function killRedis(targets: Targets, dice: Dice, lose: Blow | null): Promise<void> {
  const { service, rooms, record } = targets
  const began = performance.now()
  await service.redis.kill()
  await lose?.(targets, dice)
  // Where it need not keep all, it may have lost something by itself.
  const kept = record.mayEpochsEnd ? await service.keptOffsets(rooms) : null
  await pause(dice.below(1_500))
  const loss = { began, ended: performance.now() }
  if (kept !== null) {
    for (const [at, room] of rooms.entries()) {
      record.room(room).losses.push({ ...loss, kept: kept[at] ?? 0 })
    }
  }
  await service.redis.start()
}

/** The nodes that know more reach Redis after another one has written. */
export async function outsiderFirst(targets: Targets, dice: Dice, kind: Outsider): Promise<void> {
  const { service, rooms, record } = targets
  for (const node of service.nodes) node.holdLink(true)
  try {
    await killRedis(targets, dice, loseNewest)
    await service.withOutsider(async (outsider) => {
      for (const room of rooms) {
        const member = kind === 'with a member' ? await enter(outsider, room) : null
        await write(outsider, room, record)
        member?.terminate()
      }
    })
  } finally {
    for (const node of service.nodes) node.holdLink(false)
  }
}

async function enter({ url }: ServiceNode, room: string) {
  const { ws } = await connect(`${url}/rooms/${room}`, { headers: asServer })
  return ws
}

let written = 0

/** Says one message until it is acknowledged. */
async function write(node: ServiceNode, room: string, record: Record): Promise<void> {
  written += 1
  const name = `outsider-${written}-40`
  record.said(room, name)
  const began = performance.now()
  const isAcknowledged = async () => {
    const headers = { ...asServer, 'content-type': 'text/plain', 'idempotency-key': name }
    const init = { method: 'POST', headers, body: payloadOf(name) }
    const answer = await fetch(`${node.url}/rooms/${room}/messages`, init)
    if (!answer.ok) return false
    const { epoch, offset } = (await answer.json()) as { epoch: string; offset: number }
    record.acknowledged(room, name, { epoch, offset }, { began, ended: performance.now() })
    return true
  }
  const wait = { what: `the outsider writes in ${room}`, ms: WRITES_WITHIN_MS }
  await until(isAcknowledged, wait)
}
