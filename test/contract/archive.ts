// The contract of moving a service from one store to another, of the same engine or not: what is
// there afterwards.
import type { Test } from 'tap'
import type { ArchiveOrigin, ArchiveSource, ArchiveTarget } from '../../src/engine/archive.ts'
import { type Engine, EngineRefused } from '../../src/engine/engine.ts'
import type { SessionRecord } from '../../src/engine/identity-store.ts'
import type { Page } from '../../src/engine/message-log.ts'
import { NO_HOLDER } from '../../src/engine/shares.ts'
import type { Draft } from '../../src/protocol/message.ts'
import { ANN, BOB, EVE, moveIn } from './support/receipts.ts'
import { account, draft, session } from './support/samples.ts'

type Stores = Pick<
  Engine,
  'accounts' | 'sessions' | 'refreshTokens' | 'userStatus' | 'log' | 'receipts' | 'close'
>

/** A store, empty at first, and each way to open it; one at a time. */
export interface Place {
  open(): Promise<Stores>
  source(): Promise<ArchiveSource>
  target(): Promise<ArchiveTarget>
}

export interface Move {
  from(t: Test): Promise<Place>
  to(t: Test): Promise<Place>
  /** Whether the second engine can have the epochs of the first. */
  keepsEpochs: boolean
}

const KEPT = { messages: 100, ageMs: 3_600_000 }
const HOUR = 3_600_000
const ORIGIN: ArchiveOrigin = { digest: 'of all', keepsEpochs: true }
const asker = { queue: 'pages', holder: NO_HOLDER } as const

export function archiveContract(t: Test, { from, to, keepsEpochs }: Move): void {
  t.test('accounts, sessions, tokens, bans and released names are the same', async (t) => {
    const place = await from(t)
    const made = await fillIdentity(await place.open())
    const moved = await move(place, await to(t))
    t.teardown(() => moved.close())
    const { ann, bob, web, app } = made
    t.same(await moved.accounts.byUsername(ann.usernameKey), ann)
    t.same(await moved.accounts.byUser(bob.user), bob)
    const query = { usernameKey: null, after: null, limit: 10, holder: NO_HOLDER }
    t.same(
      (await moved.accounts.list(query)).map(({ user }) => user),
      [ann.user, bob.user],
    )
    t.same(await moved.sessions.bySecret(String(web.secretHash)), web)
    t.same(await moved.sessions.byId(app.id), app)
    t.same(await moved.userStatus.of('jwt:eve'), { bannedAt: 2_000, revokedBefore: 1_500 })
    t.equal((await moved.userStatus.of(bob.user)).bannedAt, 3_000)
    t.equal(await moved.sessions.create(session(bob)), false, 'a banned user has no session')
    const rotation = { session: app.id, now: Date.now(), graceMs: 0 }
    const used = { ...rotation, hash: 'first', next: 'other' }
    t.same(await moved.refreshTokens.rotate(used), { reused: app.id }, 'its theft still shows')
    const good = { ...rotation, hash: 'second', next: 'third' }
    t.same(await moved.refreshTokens.rotate(good), { session: app })
    t.equal(await moved.accounts.create(account({ usernameKey: 'cid' })), 'taken')
  })

  t.test('rooms have the same messages, tombstones and positions', async (t) => {
    const place = await from(t)
    const engine = await place.open()
    await fillRooms(engine.log)
    const before = await pagesOf(engine)
    await engine.close()
    const moved = await move(place, await to(t))
    t.teardown(() => moved.close())
    const after = await pagesOf(moved)
    for (const room of ROOMS) {
      const [one, other] = [before[room] as Page, after[room] as Page]
      t.same(bytesIn(other), bytesIn(one), room)
      t.same([other.oldest, other.head.offset], [one.oldest, one.head.offset])
      t.equal(other.head.epoch === one.head.epoch, keepsEpochs)
      if (keepsEpochs) t.equal(other.redactions, countOf(one))
    }
    const heads = ROOMS.map((room) => ({ room, head: (after[room] as Page).head }))
    t.same(await moved.log.list({ after: null, limit: 10, holder: NO_HOLDER }), heads)
    for (const { room, head } of heads) {
      const { position } = await moved.log.append(room, draft('next'), OPTIONS)
      t.same(position, { epoch: head.epoch, offset: head.offset + 1 })
    }
  })

  t.test('rooms get new epochs where the entries are not all that was said', async (t) => {
    const place = await from(t)
    const engine = await place.open()
    const { position } = await engine.log.append('chat:1', draft('one'), OPTIONS)
    await engine.close()
    const moved = await move(place, await to(t), { ...ORIGIN, keepsEpochs: false })
    t.teardown(() => moved.close())
    const head = await moved.log.head('chat:1')
    t.equal(head.offset, 1)
    t.not(head.epoch, position?.epoch)
  })

  t.test('participants have the same receipts, also in rooms without messages', async (t) => {
    const place = await from(t)
    const engine = await place.open()
    const before = await fillReceipts(engine)
    await engine.close()
    const moved = await move(place, await to(t))
    t.teardown(() => moved.close())
    t.same(await receiptsIn(moved), before)
    const [pair] = await moved.receipts.move(ANN, [moveIn('chat:1', { read: 3 })], NO_HOLDER)
    t.same(pair, { delivered: 3, read: 3 })
  })

  t.test('a store that has an account or a room takes nothing', async (t) => {
    const fill = [
      (engine: Stores) => engine.accounts.create(account()),
      async (engine: Stores) => engine.log.append('chat:1', draft('one'), OPTIONS),
    ]
    for (const put of fill) {
      const holding = await to(t)
      const engine = await holding.open()
      await put(engine)
      await engine.close()
      const opened = holding.target().then(async (target) => {
        await target.take(nothing(), ORIGIN).finally(() => target.close())
      })
      await t.rejects(opened, EngineRefused)
    }
  })
}

const OPTIONS = { retention: KEPT, key: null, holder: NO_HOLDER }
const ROOMS = ['chat:1', 'chat:2', 'user:jwt:eve']

/** Closes the engine. */
async function fillIdentity(engine: Stores) {
  const now = Date.now()
  const life = { createdAt: now, usedAt: now, expiresAt: now + HOUR }
  const [ann, bob, cid] = ['ann', 'bob', 'cid'].map((usernameKey) => account({ usernameKey }))
  if (ann === undefined || bob === undefined || cid === undefined) throw new Error('no accounts')
  const web: SessionRecord = session(ann, life)
  const app: SessionRecord = session(ann, { ...life, client: 'app', secretHash: null })
  for (const each of [ann, bob, cid]) await engine.accounts.create(each)
  for (const each of [web, app]) await engine.sessions.create(each)
  await engine.sessions.create(session(bob, life))
  await engine.refreshTokens.add({ hash: 'first', session: app.id, issuedAt: now })
  const rotation = { hash: 'first', session: app.id, next: 'second', now: now + 1, graceMs: 0 }
  await engine.refreshTokens.rotate(rotation)
  await engine.accounts.remove(cid.user, now + HOUR)
  await engine.userStatus.ban(bob.user, 3_000)
  await engine.userStatus.revoke('jwt:eve', 1_500)
  await engine.userStatus.ban('jwt:eve', 2_000)
  await engine.close()
  return { ann, bob, web, app }
}

async function fillRooms(log: Engine['log']): Promise<void> {
  const drafts: Draft[] = [
    draft('one'),
    draft('{"two":2}', { kind: 'json', user: 'jwt:eve', name: null }),
    draft('', { kind: 'binary', payload: Buffer.from([0, 255, 10, 13]), user: null, name: 'ü' }),
    draft('taken back'),
    draft('said by one who is taken back', { user: 'u_gone', name: 'Gone' }),
    draft('last'),
  ]
  for (const each of drafts) await log.append('chat:1', each, OPTIONS)
  await log.redact('chat:1', 4)
  await log.append('chat:2', draft('taken back alone'), OPTIONS)
  await log.redact('chat:2', 1)
  const many = Array.from({ length: 700 }, (_, i) => `${i} ${'x'.repeat(i)}`)
  const options = { ...OPTIONS, retention: LONGER }
  await Promise.all(many.map((text) => log.append('user:jwt:eve', draft(text), options)))
  await log.redactUser('u_gone')
}

/** Gives what there is. */
async function fillReceipts(engine: Stores) {
  const { log, receipts } = engine
  await receipts.add('chat:1', BOB, NO_HOLDER)
  await receipts.move(EVE, [moveIn('chat:1', { delivered: 0 })], NO_HOLDER)
  for (let count = 0; count < 3; count += 1) await log.append('chat:1', draft('x'), OPTIONS)
  const moves = [
    ...[moveIn('chat:1', { read: 2 }), moveIn('chat:2', { read: 0 })],
    moveIn('chat:1', { read: 3, isPrivate: true }),
  ]
  await receipts.move(BOB, moves, NO_HOLDER)
  return receiptsIn(engine)
}

async function receiptsIn({ receipts }: Stores) {
  const rooms = ['chat:1', 'chat:2'].map(async (room) => {
    const { epoch: _, ...sums } = await receipts.sums(room, 10)
    const own = await receipts.own(room, BOB.user)
    return { own, sums, list: await receipts.participants(room, 10) }
  })
  return Promise.all(rooms)
}

const LONGER = { messages: 1_000, ageMs: null }

async function pagesOf({ log }: Stores): Promise<Record<string, Page>> {
  const pages = ROOMS.map(async (room) => {
    const bounds = { after: null, before: null, limit: 1_000, bytes: 10_000_000 }
    return [room, await log.read(room, { retention: LONGER, ...bounds, order: 'asc', asker })]
  })
  return Object.fromEntries(await Promise.all(pages))
}

/** Without the epoch, which may be another one. */
function bytesIn({ messages }: Page) {
  return messages.map(({ epoch: _, ...message }) => message)
}

function countOf({ messages }: Page): number {
  return messages.filter(({ redacted }) => redacted === true).length
}

async function move(from: Place, to: Place, origin: ArchiveOrigin = ORIGIN): Promise<Stores> {
  const source = await from.source()
  const target = await to.target()
  await target.take(eachOf(source.entries()), origin)
  await source.close()
  await target.close()
  return to.open()
}

async function* eachOf<Each>(list: AsyncIterable<Each> | Iterable<Each>): AsyncGenerator<Each> {
  yield* list
}

async function* nothing(): AsyncGenerator<never> {
  // There is none.
}
