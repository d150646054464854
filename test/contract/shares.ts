// The contract of shares, on one node and on two that share.
import type { Test } from 'tap'
import type { HeldBound } from '../../src/engine/bounds.ts'
import { type Holder, NO_HOLDER, type Reached } from '../../src/engine/shares.ts'
import { heldRow, ratedRow } from '../support/memory-shares.ts'
import { rateContract } from './rates.ts'
import { ANN, BACKEND, BOB, from, given, type OpenShares } from './support/shares.ts'

export function sharesContract(t: Test, open: OpenShares): void {
  t.test('shares that are taken', async (t) => heldContract(t, open))
  t.test('users and addresses', async (t) => portionContract(t, open))
  t.test('users that are known later', async (t) => assignContract(t, open))
  t.test('shares that make room', async (t) => displacedContract(t, open))
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
    const row = heldRow('ticketsOut', { all: 4, reserve: 1 / 4 })
    const { shares } = await open(t, { ticketsOut: row })
    for (const holder of [ANN, BOB, ANN]) given(shares[0].take('ticketsOut', holder))
    t.match(shares[0].take('ticketsOut', ANN), { whose: 'all' })
    given(shares[0].take('ticketsOut', BACKEND))
    t.match(shares[0].take('ticketsOut', BACKEND), { whose: 'all' }, 'it is no more than that')
  })

  t.test('server keys have a reserve of the bytes too', async (t) => {
    const row = heldRow('ticketsOut', { all: 100, reserve: 1 / 4, of: 'bytes' })
    const { shares } = await open(t, { ticketsOut: row })
    given(shares[0].take('ticketsOut', ANN, 75))
    t.match(shares[0].take('ticketsOut', BOB, 1), { whose: 'all' })
    given(shares[0].take('ticketsOut', BACKEND, 25))
  })

  t.test('a share may grow by the bytes that are left', async (t) => {
    const row = heldRow('pendingBytes', { all: 100, address: 60, of: 'bytes' })
    const { shares } = await open(t, { pending: row })
    const share = given(shares[0].take('pending', from('192.0.2.1')))
    t.equal(share.grow(50), null)
    t.match(share.grow(11), { limit: 'pendingBytes', whose: 'address' })
    const other = given(shares[0].take('pending', from('192.0.2.2'), 45))
    t.match(share.grow(6), { limit: 'pendingBytes', whose: 'all' })
    other.release()
    t.equal(share.grow(10), null, 'a refusal has counted nothing')
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

function displacedContract(t: Test, open: OpenShares): void {
  const row: HeldBound = { ...heldRow('pendingConnections', { all: 4 }), displaces: true }

  async function scene(t: Test) {
    const { shares } = await open(t, { pending: row })
    const displaced: string[] = []
    const take = (name: string, holder: Holder) =>
      shares[0].take('pending', holder, 0, ({ limit, whose }) =>
        displaced.push(`${name}: ${limit} of ${whose}`),
      )
    return { shares: shares[0], displaced, take }
  }

  t.test('[S43] the oldest share of the address that holds most makes room', async (t) => {
    const { shares, displaced, take } = await scene(t)
    given(take('first', from('192.0.2.1')))
    for (const name of ['a', 'b', 'c']) given(take(name, from('192.0.2.2')))
    given(take('d', from('192.0.2.3')))
    given(take('e', from('192.0.2.3')))
    t.same(displaced, ['a: pendingConnections of address', 'b: pendingConnections of address'])
    t.equal(shares.held('pending'), 4)
  })

  t.test('[S43] the /64s of one /48 make room as one address', async (t) => {
    const { displaced, take } = await scene(t)
    given(take('other', from('192.0.2.1')))
    for (const net of ['a', 'b', 'c']) given(take(net, from(`2001:db8:1:${net}::/64`)))
    given(take('last', from('192.0.2.1')))
    t.same(displaced, ['a: pendingConnections of address'])
  })

  t.test('a share that is kept, or has no address, makes no room', async (t) => {
    const { displaced, take } = await scene(t)
    const kept = given(take('kept', from('192.0.2.1')))
    kept.keep()
    for (const holder of [ANN, BACKEND, NO_HOLDER]) given(take('none', holder))
    t.match(take('late', from('192.0.2.2')), { limit: 'pendingConnections', whose: 'all' })
    kept.release()
    given(take('late', from('192.0.2.2')))
    t.same(displaced, [])
  })

  t.test('[S43] what makes room has places, so none is given up for bytes', async (t) => {
    const bytes = heldRow('pendingBytes', { all: 100, of: 'bytes' })
    const { shares } = await open(t, { pending: { ...bytes, displaces: true } })
    const displaced: string[] = []
    const take = (address: string, bytes: number) =>
      shares[0].take('pending', from(address), bytes, () => displaced.push(address))
    const share = given(take('192.0.2.1', 60))
    share.keep()
    given(take('192.0.2.2', 0))
    t.match(share.grow(41), { limit: 'pendingBytes', whose: 'all' })
    t.match(take('192.0.2.3', 41), { limit: 'pendingBytes', whose: 'all' })
    t.same(displaced, [])
  })

  t.test('[S43] one share makes room for one, also where server keys are over', async (t) => {
    const row = heldRow('pendingConnections', { all: 10, reserve: 1 / 2 })
    const { shares } = await open(t, { pending: { ...row, displaces: true } })
    const displaced: number[] = []
    const take = (n: number) =>
      shares[0].take('pending', from(`192.0.2.${n}`), 0, () => displaced.push(n))
    for (let n = 0; n < 3; n += 1) given(take(n))
    for (let n = 0; n < 6; n += 1) given(shares[0].take('pending', BACKEND))
    given(take(3))
    t.same(displaced, [0])
    t.equal(shares[0].held('pending'), 9)
  })
}

function sharedContract(t: Test, open: OpenShares): void {
  t.test('a share of one node counts on the other, until it is given back', async (t) => {
    const row = heldRow('connectionsPerUser', { all: 99, user: 2, address: 2 })
    const { shares, told } = await open(t, { connections: { ...row, overNodes: true } })
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
