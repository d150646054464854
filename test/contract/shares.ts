// The contract of shares, on one node and on two that share.
import type { Test } from 'tap'
import type { Bounds } from '../../src/engine/bounds.ts'
import {
  type Holder,
  NO_HOLDER,
  Reached,
  type Share,
  type Shares,
} from '../../src/engine/shares.ts'
import { heldRow, ratedRow } from '../support/memory-shares.ts'

/** The shares of two nodes, or of the same one twice. */
export interface SharedShares {
  shares: readonly [Shares, Shares]
  /** Resolves when each has been told the shares of the other. */
  told(): Promise<void>
  /** The `elapsed()` of their clock. */
  elapsed(): number
}

/** Opens shares of which nothing is taken yet, with these rows of the table. */
export type OpenShares = (t: Test, rows: Partial<Bounds>) => Promise<SharedShares>

export const ANN = { ...NO_HOLDER, user: 'u_ann' }
export const BOB = { ...NO_HOLDER, user: 'u_bob' }
export const BACKEND = { ...NO_HOLDER, server: 'backend' }

export function from(address: string): Holder {
  return { ...NO_HOLDER, address }
}

/** Fails the test where nothing was given. */
export function given(share: Share | Reached): Share {
  if (share instanceof Reached) throw new Error(`${share.limit} was reached`)
  return share
}

export function sharesContract(t: Test, open: OpenShares): void {
  t.test('shares that are taken', async (t) => heldContract(t, open))
  t.test('users and addresses', async (t) => portionContract(t, open))
  t.test('users that are known later', async (t) => assignContract(t, open))
  t.test('rates', async (t) => rateContract(t, open))
  t.test('over two nodes', async (t) => sharedContract(t, open))
}

function heldContract(t: Test, open: OpenShares): void {
  t.test('shares are given up to the bound, and again after a release', async (t) => {
    const { shares } = await open(t, { keys: heldRow('idempotencyKeys', { all: 2 }) })
    const first = given(shares[0].take('keys', ANN))
    given(shares[0].take('keys', BOB))
    const { limit, whose, retryAfter } = shares[0].take('keys', ANN) as Reached
    t.same({ limit, whose, retryAfter }, { limit: 'idempotencyKeys', whose: 'all', retryAfter: 1 })
    t.equal(shares[0].held('keys'), 2, 'a refusal takes nothing')
    first.release()
    given(shares[0].take('keys', ANN))
  })

  t.test('releasing twice is releasing once', async (t) => {
    const { shares } = await open(t, { keys: heldRow('idempotencyKeys', { all: 2, user: 2 }) })
    const first = given(shares[0].take('keys', ANN))
    given(shares[0].take('keys', ANN))
    first.release()
    first.release()
    t.equal(shares[0].held('keys'), 1)
    given(shares[0].take('keys', ANN))
    t.match(shares[0].take('keys', BOB), { whose: 'all' })
  })

  t.test('bytes have a cap of their own', async (t) => {
    const row = heldRow('waitingForDisk', { all: 100, user: 60, of: 'bytes' })
    const { shares } = await open(t, { waitingForDisk: row })
    given(shares[0].take('waitingForDisk', ANN, 50))
    t.match(shares[0].take('waitingForDisk', ANN, 11), { limit: 'waitingForDisk', whose: 'user' })
    const rest = given(shares[0].take('waitingForDisk', BOB, 50))
    t.match(shares[0].take('waitingForDisk', NO_HOLDER, 0), { whose: 'all' }, 'nothing is left')
    rest.release()
    given(shares[0].take('waitingForDisk', NO_HOLDER, 50))
  })

  t.test('server keys have a reserve, which no other holder gets', async (t) => {
    const row = heldRow('ticketsOut', { all: 3, reserve: 1 })
    const { shares } = await open(t, { ticketsOut: row })
    for (const holder of [ANN, BOB]) given(shares[0].take('ticketsOut', holder))
    t.match(shares[0].take('ticketsOut', ANN), { whose: 'all' })
    given(shares[0].take('ticketsOut', BACKEND))
    t.match(shares[0].take('ticketsOut', BACKEND), { whose: 'all' }, 'it is no more than that')
  })

  t.test('a bound without a number refuses nothing', async (t) => {
    const none = heldRow('connections', {})
    const { shares } = await open(t, { connections: none })
    for (let taken = 0; taken < 500; taken += 1) given(shares[0].take('connections', ANN, 1e12))
    t.equal(shares[0].held('connections'), 500)
  })
}

function portionContract(t: Test, open: OpenShares): void {
  t.test('[S43] no user eats the share of another', async (t) => {
    const row = heldRow('idempotencyKeys', { all: 100, user: 3 })
    const { shares } = await open(t, { keys: row })
    const anns = [1, 2, 3].map(() => given(shares[0].take('keys', ANN)))
    t.match(shares[0].take('keys', ANN), { limit: 'idempotencyKeys', whose: 'user' })
    for (let taken = 0; taken < 3; taken += 1) given(shares[0].take('keys', BOB))
    t.match(shares[0].take('keys', BOB), { whose: 'user' })
    anns[0]?.release()
    given(shares[0].take('keys', ANN))
  })

  t.test('[S43] no address eats the share of another', async (t) => {
    const row = heldRow('pendingPerAddress', { all: 100, address: 2 })
    const { shares } = await open(t, { pending: row })
    for (const address of ['192.0.2.1', '192.0.2.2', '2001:db8:1:1::/64', '2001:db8:2:1::/64']) {
      given(shares[0].take('pending', from(address)))
      given(shares[0].take('pending', from(address)))
      t.match(shares[0].take('pending', from(address)), {
        limit: 'pendingPerAddress',
        whose: 'address',
      })
    }
  })

  t.test('[S43] the /64s of one /48 have four times the share of one', async (t) => {
    const row = heldRow('pendingPerAddress', { all: 100, address: 2 })
    const { shares } = await open(t, { pending: row })
    const held = ['a', 'b', 'c', 'd'].flatMap((net) =>
      [1, 2].map(() => given(shares[0].take('pending', from(`2001:db8:1:${net}::/64`)))),
    )
    const fifth = from('2001:db8:1:e::/64')
    t.match(shares[0].take('pending', fifth), { whose: 'address' })
    given(shares[0].take('pending', from('2001:db8:2:a::/64')))
    held[0]?.release()
    given(shares[0].take('pending', fifth))
  })

  t.test('users and addresses without shares are forgotten', async (t) => {
    const row = heldRow('connections', { all: 9, user: 9, address: 9 })
    const { shares } = await open(t, { connections: row })
    const holders = [
      { ...ANN, address: '192.0.2.1' },
      { ...BOB, address: '2001:db8:1:a::/64' },
    ]
    const held = [...holders, ...holders].map((each) => given(shares[0].take('connections', each)))
    t.equal(shares[0].holders('connections'), 5, 'two users, an IPv4 address, a /64 and a /48')
    for (const share of held) share.release()
    t.equal(shares[0].holders('connections'), 0)
  })
}

function assignContract(t: Test, open: OpenShares): void {
  const rows = { connections: heldRow('connectionsPerUser', { all: 9, user: 1 }) }

  t.test('a share counts for its user from when that is known', async (t) => {
    const { shares } = await open(t, rows)
    const [first, second] = [1, 2].map(() => given(shares[0].take('connections', NO_HOLDER)))
    t.equal(first?.assign('u_ann'), null)
    t.match(second?.assign('u_ann'), { limit: 'connectionsPerUser', whose: 'user' })
    t.equal(second?.user, null, 'a refusal changes nothing')
    t.equal(second?.assign('u_bob'), null)
    first?.release()
    t.match(shares[0].take('connections', BOB), { whose: 'user' })
    given(shares[0].take('connections', ANN))
  })

  t.test('another user takes the place of the first', async (t) => {
    const { shares } = await open(t, rows)
    const share = given(shares[0].take('connections', ANN))
    t.equal(share.assign('u_ann'), null, 'the same one again is no second one')
    t.equal(share.assign('u_bob'), null)
    given(shares[0].take('connections', ANN))
    t.match(shares[0].take('connections', BOB), { whose: 'user' })
  })

  t.test('a share that was released counts for no user any more', async (t) => {
    const { shares } = await open(t, rows)
    const share = given(shares[0].take('connections', NO_HOLDER))
    share.release()
    t.equal(share.assign('u_ann'), null)
    t.equal(shares[0].holders('connections'), 0)
  })
}

function rateContract(t: Test, open: OpenShares): void {
  t.test('a burst at once, and then the seconds to wait', async (t) => {
    const { shares } = await open(t, {
      handshakes: ratedRow('handshakesPerSecond', { all: 2 }, 20),
    })
    for (let spent = 0; spent < 2; spent += 1) {
      t.equal(shares[0].spend('handshakes', NO_HOLDER), null)
    }
    const reached = shares[0].spend('handshakes', NO_HOLDER)
    t.match(reached, { limit: 'handshakesPerSecond', whose: 'all', retryAfter: 10 })
  })

  t.test('[S43] a rate that one user or address exceeds is taken from no other', async (t) => {
    const row = ratedRow('handshakesPerSecond', { all: 12, user: 2, address: 2 }, 3_600)
    const { shares } = await open(t, { handshakes: row })
    const spend = (holder: Holder) => shares[0].spend('handshakes', holder)
    const whose = (holder: Holder) => [1, 2, 3, 4].map(() => spend(holder)?.whose ?? null)
    t.same(whose(ANN), [null, null, 'user', 'user'])
    t.same(whose(from('192.0.2.1')), [null, null, 'address', 'address'])
    t.same(whose(BOB), [null, null, 'user', 'user'])
    t.same(whose(from('2001:db8:1:a::/64')), [null, null, 'address', 'address'])
    t.same(whose(NO_HOLDER), [null, null, null, null], 'refusals have used up nothing')
    t.equal(spend(NO_HOLDER)?.whose, 'all')
  })

  t.test('[S43] the /64s of one /48 have four times the rate of one', async (t) => {
    const row = ratedRow('handshakesPerSecond', { all: 99, address: 1 }, 3_600)
    const { shares } = await open(t, { handshakes: row })
    const reached = [1, 2, 3, 4, 5, 6].map((net) =>
      shares[0].spend('handshakes', from(`2001:db8:1:${net}::/64`)),
    )
    t.same(reached.map((each) => each?.whose ?? null).slice(3), [null, 'address', 'address'])
    t.equal(shares[0].spend('handshakes', from('2001:db8:2:1::/64')), null)
  })

  t.test('server keys have a reserve of a rate too', async (t) => {
    const row = ratedRow('handshakesPerSecond', { all: 3, reserve: 1 }, 3_600)
    const { shares } = await open(t, { handshakes: row })
    const spend = (holder: Holder) => shares[0].spend('handshakes', holder)
    t.same([spend(ANN), spend(ANN)], [null, null])
    t.match(spend(ANN), { whose: 'all' })
    t.equal(spend(BACKEND), null)
    t.match(spend(BACKEND), { whose: 'all' })
  })

  t.test('a meter that is kept is the one that requests spend from', async (t) => {
    const row = ratedRow('messagesPerSecond', { user: 3 }, 3_600)
    const { shares, elapsed } = await open(t, { messages: row })
    const meter = shares[0].meter('messages', 'u_ann').keep()
    t.equal(meter.take(1, elapsed()), null)
    t.equal(shares[0].spend('messages', ANN, 1), null)
    t.equal(meter.take(1, elapsed()), null)
    t.equal(meter.take(1, elapsed()), 'messagesPerSecond')
    t.equal(shares[0].spend('messages', BOB, 1), null)
  })
}

function sharedContract(t: Test, open: OpenShares): void {
  t.test('a share of one node counts on the other, until it is given back', async (t) => {
    const row = heldRow('connectionsPerUser', { all: 99, user: 2, address: 2 })
    const { shares, told } = await open(t, { connections: row })
    const holder = { ...ANN, address: '192.0.2.1' }
    const held = shares.map((each) => given(each.take('connections', holder)))
    await told()
    for (const each of shares) t.match(each.take('connections', ANN), { whose: 'user' })
    for (const each of shares) {
      t.match(each.take('connections', from('192.0.2.1')), { whose: 'address' })
    }
    held[0]?.release()
    await told()
    given(shares[1].take('connections', holder))
  })

  t.test('a rate over all nodes is one', async (t) => {
    const { shares } = await open(t, { tickets: ratedRow('ticketsPerMinute', { user: 2 }, 3_600) })
    for (const each of shares) t.equal(await each.spend('tickets', ANN), null)
    for (const each of shares) {
      t.match(await each.spend('tickets', ANN), { limit: 'ticketsPerMinute', whose: 'user' })
      t.equal(await each.spend('tickets', BOB), null)
    }
  })
}
