// The shares of one process: the contract, that counts never drift, and that meters are forgotten.
import fc from 'fast-check'
import t from 'tap'
import type { Cap } from '../../../src/engine/portions.ts'
import { type Holder, NO_HOLDER, Reached, type Share, siteOf } from '../../../src/engine/shares.ts'
import { sharesContract } from '../../contract/shares.ts'
import { ANN, from, given } from '../../contract/support/shares.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import {
  boundsWithin,
  heldRow,
  ratedRow,
  sharesOf,
  sharesWithin,
} from '../../support/memory-shares.ts'

sharesContract(t, async (_, rows) => {
  const shares = sharesOf(rows)
  return { shares: [shares, shares], told: async () => {}, elapsed: () => 0 }
})

const ADDRESSES = [null, '192.0.2.1', '2001:db8:1:a::/64', '2001:db8:1:b::/64', '2001:db8:2:a::/64']
const holders: fc.Arbitrary<Holder> = fc.record({
  user: fc.constantFrom(null, 'u_ann', 'u_bob', 'u_carol'),
  address: fc.constantFrom(...ADDRESSES),
  server: fc.constantFrom(null, null, 'backend'),
})
const steps = fc.oneof(
  fc.record({ take: holders, bytes: fc.nat(40) }),
  fc.record({ release: fc.nat(20) }),
  fc.record({ assign: fc.nat(20), user: fc.constantFrom('u_ann', 'u_bob') }),
)
const CAPS = { all: 8, user: 3, address: 2, reserve: 1 / 4 }

/** One share as the model has it, with the holder that it counts for now. */
interface TakenShare {
  share: Share
  holder: Holder
  isReleased: boolean
}

/** The bound that refuses one more share, by a plain list of all that are taken. */
function expected(
  takenShares: readonly TakenShare[],
  holder: Holder,
): 'all' | 'user' | 'address' | null {
  const alive = takenShares.filter(({ isReleased }) => !isReleased).map(({ holder }) => holder)
  const count = (matches: (each: Holder) => boolean): number => alive.filter(matches).length
  const { user, address, server } = holder
  if (user !== null && count((each) => each.user === user) >= CAPS.user) return 'user'
  if (count((each) => each.address === address) >= CAPS.address && address !== null)
    return 'address'
  const site = address === null ? null : siteOf(address)
  const isOfSite = (each: Holder) => each.address !== null && siteOf(each.address) === site
  if (site !== null && count(isOfSite) >= CAPS.address * 4) return 'address'
  return alive.length >= CAPS.all * (server === null ? 1 - CAPS.reserve : 1) ? 'all' : null
}

t.test('[S43] after any use counts are those of a plain list, and end at zero', async (t) => {
  const row = heldRow('connections', CAPS)
  const property = fc.property(fc.array(steps, { maxLength: 80 }), (all) => {
    const shares = sharesOf({ connections: row })
    const takenShares: TakenShare[] = []
    for (const step of all) {
      if ('take' in step) {
        const wanted = expected(takenShares, step.take)
        const share = shares.take('connections', step.take, step.bytes)
        const whose = share instanceof Reached ? share.whose : null
        if (whose !== wanted) throw new Error(`${whose} instead of ${wanted}`)
        if (!(share instanceof Reached))
          takenShares.push({ share, holder: step.take, isReleased: false })
      } else if ('release' in step) {
        const entry = takenShares[step.release]
        entry?.share.release()
        if (entry) entry.isReleased = true
      } else assign(takenShares, step)
      const alive = takenShares.filter(({ isReleased }) => !isReleased).length
      if (shares.held('connections') !== alive) throw new Error('the count has drifted')
    }
    for (const { share } of takenShares) share.release()
    return shares.held('connections') === 0 && shares.holders('connections') === 0
  })
  fc.assert(property, { seed: 43, numRuns: 500 })
  t.pass('for any use')
})

function assign(
  takenShares: TakenShare[],
  { assign, user }: { assign: number; user: string },
): void {
  const entry = takenShares[assign]
  if (entry === undefined) return
  const others = takenShares.filter((each) => each !== entry && !each.isReleased)
  const isFull = others.filter(({ holder }) => holder.user === user).length >= CAPS.user
  const wanted = isFull && !entry.isReleased && entry.holder.user !== user
  const reached = entry.share.assign(user)
  if ((reached !== null) !== wanted) throw new Error(`assigned ${!wanted}`)
  if (reached === null && !entry.isReleased) entry.holder = { ...entry.holder, user }
}

t.test('a rate comes back as time goes by, and its meters are forgotten when full', async (t) => {
  const clock = new ManualClock()
  const row = ratedRow('handshakesPerSecond', { user: 2, address: 2 }, 10)
  const shares = sharesOf({ handshakes: row }, clock)
  const holder = { ...ANN, address: '2001:db8:1:a::/64' }
  for (let spent = 0; spent < 2; spent += 1) shares.spend('handshakes', holder)
  t.match(shares.spend('handshakes', holder), { whose: 'user', retryAfter: 5 })
  await clock.advance(5_000)
  t.equal(shares.spend('handshakes', holder), null)
  shares.sweep(clock.elapsed())
  t.equal(shares.holders('handshakes'), 3, 'a user, a /64 and a /48')
  await clock.advance(10_000)
  shares.sweep(clock.elapsed())
  t.equal(shares.holders('handshakes'), 0)
})

t.test('the reserve of a small rate leaves all of it to one lone client', async (t) => {
  for (const all of [1, 2, 3, 9]) {
    const shares = sharesWithin({ handshakesPerSecond: all })
    for (let n = 0; n < all; n += 1) t.equal(shares.spend('handshakes', NO_HOLDER), null)
    t.match(shares.spend('handshakes', NO_HOLDER), { whose: 'all' }, `${all} and no more`)
  }
  const shares = sharesWithin({ handshakesPerSecond: 10 })
  for (let n = 0; n < 9; n += 1) t.equal(shares.spend('handshakes', NO_HOLDER), null)
  t.match(shares.spend('handshakes', NO_HOLDER), { whose: 'all' })
  t.equal(shares.spend('handshakes', { ...NO_HOLDER, server: 'backend' }), null, 'the reserve')
})

t.test('a refusal over HTTP tells whether to wait for others or for own shares', async (t) => {
  const shares = sharesOf({ hashes: heldRow('loginsAtOnce', { all: 2, address: 1 }) })
  const refusalOf = (holder: Holder) => (shares.take('hashes', holder) as Reached).refusal
  given(shares.take('hashes', from('192.0.2.1')))
  t.match(refusalOf(from('192.0.2.1')), { reply: { status: 429 }, limit: 'loginsAtOnce' })
  given(shares.take('hashes', from('192.0.2.2')))
  t.match(refusalOf(NO_HOLDER), { reply: { status: 503 }, limit: 'loginsAtOnce' })
})

t.test('[S43] each bound of the process leaves a part to other users and addresses', async (t) => {
  for (const [name, bound] of Object.entries(boundsWithin())) {
    // The other rows are of what is kept: a quota of a day is a user's own.
    if (!('all' in bound) || bound.all === null) continue
    const { all, user, address } = bound
    const parts = [user, address].filter((part) => part !== null)
    t.not(parts.length, 0, `${name} has a share`)
    const isLess = (a: Cap | null, b: Cap | null) => a?.most == null || a.most < (b?.most ?? 0)
    for (const { count, bytes } of parts) {
      t.ok(isLess(count, all.count) && isLess(bytes, all.bytes), `the part of ${name}`)
    }
  }
})
