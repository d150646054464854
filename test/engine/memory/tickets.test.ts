// Tickets in memory: sessions that end meanwhile, tickets that run out, and the bound on both.
import { test } from 'tap'
import { EngineUnavailable } from '../../../src/engine/engine.ts'
import { type MayHave, MemoryTickets } from '../../../src/engine/memory/tickets.ts'
import { ticket } from '../../contract/support/samples.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { boundsWithin, sharesOf } from '../../support/memory-shares.ts'

const ALL_GOOD = () => Promise.resolve(true)

/** The bound of all tickets, of which these tests give everything to one user. */
const UNSHARED = { ...boundsWithin().ticketsOut, user: null, address: null, reserve: 0 }

function ticketStore(mayHave: MayHave, clock = new ManualClock()): MemoryTickets {
  return new MemoryTickets({ mayHave, clock, shares: sharesOf({ ticketsOut: UNSHARED }) })
}

test('[S18] a session that ends while its ticket is issued gets none', async (t) => {
  const asked = Promise.withResolvers<boolean>()
  const tickets = ticketStore(() => asked.promise)
  const [one, other] = [ticket({ session: 's_1' }), ticket({ session: 's_2' })]
  const issued = [one, other].map((each) => tickets.issue(each))
  tickets.forget(({ session }) => session === 's_1')
  asked.resolve(true)
  t.same(await Promise.all(issued), [false, true])
  t.equal(await tickets.redeem(one.hash, 1_000), null)
  t.same(await tickets.redeem(other.hash, 1_000), other)
})

test('nothing is kept when no store could be asked', async (t) => {
  const away = () => Promise.reject(new EngineUnavailable('away'))
  const tickets = ticketStore(away)
  const one = ticket()
  await t.rejects(tickets.issue(one), EngineUnavailable)
  t.equal(await tickets.read(one.hash, 1_000), null)
})

test('an answer while it closes is neither a ticket nor the end of a session', async (t) => {
  const asked = Promise.withResolvers<boolean>()
  const tickets = ticketStore(() => asked.promise)
  const issued = tickets.issue(ticket())
  tickets.handOver()
  asked.resolve(true)
  await t.rejects(issued, EngineUnavailable)
  await t.rejects(tickets.issue(ticket()), EngineUnavailable)
})

test('[S29] the bytes of tickets are bounded too, over all of them', async (t) => {
  const tickets = ticketStore(ALL_GOOD)
  const wordy = { rooms: ['x'.repeat(1024 * 1024)], info: 'x'.repeat(1024 * 1024), expiresAt: 9e15 }
  const issuedOnes = Array.from({ length: 32 }, () => ticket(wordy))
  for (const each of issuedOnes) await tickets.issue(each)
  await t.rejects(tickets.issue(ticket()), /Too many tickets are out/)
  await tickets.redeem(issuedOnes[3]?.hash ?? '', 1_000)
  t.equal(await tickets.issue(ticket()), true)
})

test('a sweep forgets what has expired, and no more than a slice', async (t) => {
  const tickets = ticketStore(ALL_GOOD)
  for (const expiresAt of [3, 1, 2, 4]) await tickets.issue(ticket({ expiresAt }))
  t.equal(await tickets.sweep({ now: 3, limit: 2 }), 2)
  t.equal(await tickets.sweep({ now: 3, limit: 2 }), 1)
  t.equal(await tickets.sweep({ now: 3, limit: 2 }), 0)
  t.equal(tickets.handOver().length, 1)
})

test('[S29] the tickets that are out are bounded, until one is used or has run out', async (t) => {
  const clock = new ManualClock()
  const tickets = ticketStore(ALL_GOOD, clock)
  const out = Array.from({ length: 100_000 }, () => ticket({ expiresAt: clock.now() + 1_000 }))
  for (const each of out) await tickets.issue(each)
  await t.rejects(tickets.issue(ticket()), EngineUnavailable)
  await tickets.redeem(out[7]?.hash ?? '', clock.now())
  t.equal(await tickets.issue(ticket({ expiresAt: clock.now() + 1_000 })), true)
  await t.rejects(tickets.issue(ticket()), EngineUnavailable)
  await clock.advance(1_000)
  t.equal(await tickets.issue(ticket({ expiresAt: clock.now() + 1_000 })), true)
  t.equal(tickets.handOver().length, 1)
})
