// Whether every node says of each room who is really in it.
import { asServer, call } from '../../support/people.ts'
import { until } from '../../support/until.ts'
import type { Guest } from './guest.ts'
import type { Targets } from './targets.ts'

/**
 * What is promised after a node died, or after its link to Redis is back; then the way back, which
 * is tried once a second at least, and a look on a machine that all of this keeps busy.
 */
const WITHIN_MS = 10_000 + 1_000 + 1_000

/** A sentence where it takes longer; null where all nodes are right in time. */
export async function presenceWrong(targets: Targets, blow: string): Promise<string | null> {
  const { service, guests, rooms, record } = targets
  const began = performance.now()
  let last = ''
  const isRight = async () => {
    const looks = service.nodes.flatMap(({ url }) => rooms.map((room) => look(url, room, guests)))
    const wrongs = (await Promise.all(looks)).filter((wrong) => wrong !== null)
    last = wrongs.join('; ')
    return wrongs.length === 0
  }
  try {
    await until(isRight, { what: 'presence is right', ms: WITHIN_MS })
  } catch {
    return `after "${blow}" presence is not right within ${WITHIN_MS / 1_000} s: ${last}`
  }
  const took = Math.round(performance.now() - began)
  record.counts['ms for presence at most'] = Math.max(
    took,
    record.counts['ms for presence at most'] ?? 0,
  )
  return null
}

/** What a node says otherwise than it is. */
async function look(url: string, room: string, guests: readonly Guest[]): Promise<string | null> {
  const here = guests.filter((guest) => guest.room === room)
  const isInside = here.filter((guest) => guest.isInside).map(({ user }) => user)
  if (isInside.length < here.length) return `${room} has ${isInside.length} of ${here.length}`
  const asked = call(`${url}/rooms/${room}/members`, 'GET', { headers: asServer })
  const answer = await asked.catch(() => null)
  const members = (answer?.body?.members ?? []) as { user: string; connections: number }[]
  const said = members.map(({ user, connections }) => `${user} ${connections}`).toSorted()
  const held = isInside.map((user) => `${user} 1`).toSorted()
  if (said.join() === held.join()) return null
  return `${url} says ${said.join()} of ${room}, in which are ${held.join()}`
}
