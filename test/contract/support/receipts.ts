// What the contract of receipts needs: messages, moves, and a store that is there.
import type { Engine } from '../../../src/engine/engine.ts'
import type { Move, Owner, Receipt, ReceiptStore } from '../../../src/engine/receipt-store.ts'
import { type Holder, NO_HOLDER } from '../../../src/engine/shares.ts'
import { draft } from './samples.ts'
import type { OpenShared } from './suite-setup.ts'

/** Messages of a room that keeps them, so many at least. */
export const KEPT = { messages: 1_000, ageMs: null }

export const ANN: Owner = { user: 'u_ann', name: 'Ann' }
export const BOB: Owner = { user: 'u_bob', name: 'Bob' }
export const EVE: Owner = { user: 'u_eve', name: null }

export function receiptsOf({ receipts }: Pick<Engine, 'receipts'>): ReceiptStore {
  return receipts
}

/** The same engines for each test, which finds no room there. */
export function withoutRooms(engines: readonly [Engine, Engine]): OpenShared {
  return async () => {
    const [{ log }] = engines
    const rooms = await log.list({ after: null, limit: 1_000, holder: NO_HOLDER })
    for (const { room } of rooms) await log.deleteRoom(room)
    return engines
  }
}

/** More participants than any test has. */
export const MOST = 100

/** Publishes so many messages of no author. */
export async function publish({ log }: Engine, room: string, count: number): Promise<void> {
  for (let done = 0; done < count; done += 1) {
    await log.append(room, draft('x'), { retention: KEPT, key: null, holder: NO_HOLDER })
  }
}

/** A message that this user has written. */
export async function write({ log }: Engine, room: string, author: string): Promise<number> {
  const options = { retention: KEPT, key: null, holder: NO_HOLDER, author }
  const { position } = await log.append(room, draft('x', { user: author }), options)
  return position?.offset ?? 0
}

type Offsets = Partial<Pick<Move, 'delivered' | 'read' | 'isPrivate'>>

export function moveIn(room: string, offsets: Offsets): Move {
  return { room, delivered: null, read: null, isPrivate: false, ...offsets }
}

/** One move; rejects where it was refused. */
export async function move(
  engine: Engine,
  owner: Owner,
  one: Offsets & { room?: string },
  holder: Holder = NO_HOLDER,
): Promise<Receipt> {
  const { room = 'chat:1', ...offsets } = one
  const [result] = await receiptsOf(engine).move(owner, [moveIn(room, offsets)], holder)
  if (result === undefined || result instanceof Error) throw result
  return result
}

/** The participants of a room, as others see them: joined, delivered and read. */
export async function shown(engine: Engine, room = 'chat:1') {
  const list = (await receiptsOf(engine).participants(room, MOST)) ?? []
  return Object.fromEntries(
    list.map(({ user, joined, delivered, read }) => [user, [joined, delivered, read]]),
  )
}

export function sumsOf(engine: Engine, room = 'chat:1') {
  return receiptsOf(engine).sums(room, MOST)
}
