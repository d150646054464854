// Shares that make room for others, in random orders, against a plain list of all that are held.
import t from 'tap'
import { type Holder, NO_HOLDER, Reached, type Share, siteOf } from '../../src/engine/shares.ts'
import { Dice } from '../support/dice.ts'
import { heldRow, sharesOf, sharesWithin } from '../support/memory-shares.ts'

const RUNS = 200
const STEPS = 300
const CAPS = { all: 12, address: 4, reserve: 1 / 4 }
/** Three quarters of all; the rest is for server keys. */
const FOR_CLIENTS = 9

interface Listed {
  readonly holder: Holder
  readonly share: Share
  mayMakeRoom: boolean
}

const HOLDERS: readonly Holder[] = [
  ...['192.0.2.1', '192.0.2.2', '2001:db8:1:a::/64', '2001:db8:1:b::/64', '2001:db8:2:a::/64'].map(
    (address) => ({ ...NO_HOLDER, address }),
  ),
  NO_HOLDER,
  { ...NO_HOLDER, server: 'backend' },
]

/** A /48 counts as one address here. */
function groupOf({ address }: Holder): string | null {
  return address === null ? null : (siteOf(address) ?? address)
}

class Run {
  readonly dice: Dice
  readonly shares = sharesOf({
    pending: { ...heldRow('pendingConnections', CAPS), displaces: true },
  })
  /** In the order in which they were taken. */
  listed: Listed[] = []
  displaced: Listed[] = []

  constructor(seed: number) {
    this.dice = new Dice(seed, 0)
  }

  step(): void {
    const one = this.listed.length === 0 ? null : this.dice.pick(this.listed)
    const what = this.dice.below(5)
    if (what < 3 || one === null) this.take(this.dice.pick(HOLDERS))
    else if (what === 3) this.keep(one)
    else this.release(one)
    const { length } = this.listed
    if (this.shares.held('pending') !== length) throw new Error('the count has drifted')
  }

  take(holder: Holder): void {
    const wanted = this.expected(holder)
    const before = this.displaced.length
    let listed: Listed | null = null
    const onDisplaced = (): void => void (listed && this.displaced.push(listed))
    const share = this.shares.take('pending', holder, 0, onDisplaced)
    const lost = this.displaced.slice(before)
    for (const gone of lost) this.listed.splice(this.listed.indexOf(gone), 1)
    if (share instanceof Reached) {
      if (share.whose !== wanted.refused || lost.length > 0) throw new Error(`to ${share.whose}`)
      return
    }
    if (wanted.refused !== null) throw new Error(`it was to be refused: ${wanted.refused}`)
    const isRight = wanted.losers === null ? lost.length === 0 : isOneOf(lost, wanted.losers)
    if (!isRight) throw new Error('another one had to make room')
    listed = { holder, share, mayMakeRoom: holder.address !== null }
    this.listed.push(listed)
  }

  keep(one: Listed): void {
    one.share.keep()
    one.mayMakeRoom = false
  }

  release(one: Listed): void {
    one.share.release()
    one.share.release()
    this.listed.splice(this.listed.indexOf(one), 1)
  }

  /** Who refuses a share; or else those of which one has to make room, null where none has to. */
  expected(holder: Holder): { refused: 'all' | 'address' | null; losers: Listed[] | null } {
    const { address, server } = holder
    const count = (isIt: (each: Holder) => boolean): number =>
      this.listed.filter((each) => isIt(each.holder)).length
    const site = address === null ? null : siteOf(address)
    const ofAddress = count((each) => each.address === address)
    const ofSite = count((each) => each.address !== null && siteOf(each.address) === site)
    const isOver = ofAddress >= CAPS.address || (site !== null && ofSite >= 4 * CAPS.address)
    if (address !== null && isOver) return { refused: 'address', losers: null }
    const most = server === null ? FOR_CLIENTS : CAPS.all
    if (this.listed.length < most) return { refused: null, losers: null }
    const losers = this.losers()
    return { refused: losers.length === 0 ? 'all' : null, losers }
  }

  /** The oldest of each address that has most. */
  losers(): Listed[] {
    const movable = this.listed.filter(({ mayMakeRoom }) => mayMakeRoom)
    const groups = Map.groupBy(movable, ({ holder }) => groupOf(holder))
    const most = Math.max(...[...groups.values()].map(({ length }) => length))
    return [...groups.values()].flatMap((group) => (group.length === most ? group.slice(0, 1) : []))
  }
}

function isOneOf(lost: readonly Listed[], losers: readonly Listed[]): boolean {
  const [first] = lost
  return lost.length === 1 && first !== undefined && losers.includes(first)
}

t.test('[S43] who makes room is told by a plain list, in any order', async (t) => {
  let made = 0
  for (let seed = 0; seed < RUNS; seed += 1) {
    const run = new Run(seed)
    for (let n = 0; n < STEPS; n += 1) run.step()
    made += run.displaced.length
    for (const { share } of run.displaced) share.release()
    for (const { share } of run.listed) share.release()
    t.equal(run.shares.held('pending') + run.shares.holders('pending'), 0, `seed ${seed}`)
  }
  t.ok(made > RUNS, `${made} made room`)
})

/** Handshakes that all clients together may make in a second, by the settings. */
const A_SECOND = 2_000
const SECONDS = 12

t.test(
  '[S43] one that decides within a second is displaced by no number of addresses',
  async (t) => {
    for (const addresses of [10, 100, 1_000, 30_000]) {
      const dice = new Dice(addresses, 0)
      const shares = sharesWithin()
      const displaced = { flooder: 0, innocent: 0 }
      const take = (who: keyof typeof displaced, n: number) => {
        const holder = { ...NO_HOLDER, address: `${who} ${n}` }
        return shares.take('pending', holder, 0, () => {
          displaced[who] += 1
        })
      }
      const deciding: Share[] = []
      for (let n = 0; n < A_SECOND * SECONDS; n += 1) {
        take('flooder', dice.below(addresses))
        if (n % 20 > 0) continue
        const share = take('innocent', n)
        if (share instanceof Reached) throw new Error(`refused at ${n}`)
        deciding.push(share)
        if (deciding.length > A_SECOND / 20) deciding.shift()?.release()
      }
      t.equal(displaced.innocent, 0, `${addresses} addresses: ${displaced.flooder} made room`)
    }
  },
)
