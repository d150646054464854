// Tickets: what one looks like, when it ends, and that no other text is taken for one.
import fc from 'fast-check'
import { test } from 'tap'
import type { TicketRecord, TicketStore } from '../../src/engine/identity-store.ts'
import { deriveKeys, digest } from '../../src/identity/secret.ts'
import type { RootSecrets } from '../../src/identity/settings.ts'
import { Tickets } from '../../src/identity/ticket.ts'
import type { TicketOrder } from '../../src/identity/ticket-request.ts'
import { Refusal } from '../../src/protocol/errors.ts'
import { systemRandom } from '../../src/time/random.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { sharesWithin } from '../support/memory-shares.ts'

const SECRETS: RootSecrets = { current: 'the root secret of these tests', previous: null }
const ORDER: TicketOrder = {
  user: 'u_1',
  session: null,
  rooms: null,
  name: null,
  info: null,
  connectionExpiresAt: null,
  seconds: 30,
}

/** A store that keeps records in a Map, as the port says. */
function storeInMap(records: Map<string, TicketRecord>, since: number): TicketStore {
  const read = (hash: string, now: number) => {
    const record = records.get(hash)
    return record && record.expiresAt > now ? record : null
  }
  return {
    since,
    isLocal: false,
    issue: async (record) => records.set(record.hash, record) !== undefined,
    end: async () => undefined,
    read: async (hash, now) => read(hash, now),
    redeem: async (hash, now) => {
      const record = read(hash, now)
      records.delete(hash)
      return record
    },
  }
}

function issuer(secrets = SECRETS, perMinute: number | null = null) {
  const clock = new ManualClock()
  const records = new Map<string, TicketRecord>()
  const store = storeInMap(records, clock.now())
  const keys = deriveKeys(secrets, 'ticket')
  const shares = sharesWithin({ ticketsPerMinute: perMinute }, clock)
  const tickets = new Tickets({ store, keys, clock, random: systemRandom, shares })
  /** The same records in a store that begins now, as after a restart. */
  const withSecrets = (other: RootSecrets): Tickets => {
    const keys = deriveKeys(other, 'ticket')
    const store = storeInMap(records, clock.now())
    return new Tickets({ store, keys, clock, random: systemRandom, shares })
  }
  return { clock, records, tickets, withSecrets }
}

/** The error word of the refusal, or `fine`. */
async function outcome(tried: Promise<unknown>): Promise<string> {
  try {
    await tried
    return 'fine'
  } catch (error) {
    return error instanceof Refusal ? error.reply.error : String(error)
  }
}

test('[S7] a ticket holds 128 random bits, and only its digest is kept', async (t) => {
  const { tickets, records } = issuer()
  const { ticket } = await tickets.issue(ORDER)
  const { ticket: another } = await tickets.issue(ORDER)
  t.match(ticket, /^ut_[\w-]{51}$/)
  t.not(ticket.slice(3, 24), another.slice(3, 24))
  t.ok(records.has(digest(ticket)))
  t.notOk(JSON.stringify([...records]).includes(ticket.slice(3)))
})

test('[C22] a ticket is redeemed once and then used', async (t) => {
  const { tickets } = issuer()
  const { ticket } = await tickets.issue(ORDER)
  t.match(await tickets.redeem(ticket), { user: 'u_1' })
  t.equal(await outcome(tickets.redeem(ticket)), 'ticket_used')
  t.equal(await outcome(tickets.inspect(ticket)), 'ticket_used')
})

test('[C23] looking at a ticket does not use it up', async (t) => {
  const { tickets } = issuer()
  const { ticket } = await tickets.issue(ORDER)
  await tickets.inspect(ticket)
  await tickets.inspect(ticket)
  t.equal(await outcome(tickets.redeem(ticket)), 'fine')
})

test('[C20] a ticket is good until its last millisecond and not a moment longer', async (t) => {
  const { tickets, clock } = issuer()
  const { ticket, expiresAt } = await tickets.issue({ ...ORDER, seconds: 2 })
  t.equal(expiresAt, clock.now() + 2_000)
  await clock.advance(1_999)
  t.equal(await outcome(tickets.inspect(ticket)), 'fine')
  await clock.advance(1)
  t.equal(await outcome(tickets.inspect(ticket)), 'ticket_expired')
  t.equal(await outcome(tickets.redeem(ticket)), 'ticket_used')
})

test('[S7] a ticket with any one bit flipped is not one of ours', async (t) => {
  const { tickets } = issuer()
  const { ticket } = await tickets.issue(ORDER)
  const bits = Buffer.from(ticket.slice(3), 'base64url').length * 8
  for (let bit = 0; bit < bits; bit += 1) {
    const bytes = Buffer.from(ticket.slice(3), 'base64url')
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    const forged = `ut_${bytes.toString('base64url')}`
    if ((await outcome(tickets.inspect(forged))) !== 'ticket_invalid') t.fail(`bit ${bit} passed`)
  }
  t.equal(await outcome(tickets.inspect(ticket)), 'fine')
})

test('[S7] a ticket with any one character replaced is not one of ours', async (t) => {
  const { tickets } = issuer()
  const { ticket } = await tickets.issue(ORDER)
  const place = fc.record({ at: fc.nat(ticket.length - 1), other: fc.string({ maxLength: 2 }) })
  await fc.assert(
    fc.asyncProperty(place, async ({ at, other }) => {
      const forged = ticket.slice(0, at) + other + ticket.slice(at + 1)
      const word = await outcome(tickets.inspect(forged))
      return forged === ticket || word === 'ticket_invalid'
    }),
    { numRuns: 500 },
  )
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  for (const last of alphabet.replace(ticket.slice(-1), '')) {
    t.equal(await outcome(tickets.inspect(ticket.slice(0, -1) + last)), 'ticket_invalid')
  }
})

test('[S7] words that are no ticket at all are not one of ours', async (t) => {
  const { tickets } = issuer()
  const words = fc.oneof(fc.string(), fc.base64String(), fc.constant('ut_'))
  await fc.assert(
    fc.asyncProperty(words, async (word) => {
      return (await outcome(tickets.inspect(word))) === 'ticket_invalid'
    }),
  )
  t.pass('for any word')
})

test('[C22] a ticket from before a restart is no replay when it is not known', async (t) => {
  const { tickets, clock, records, withSecrets } = issuer()
  const { ticket } = await tickets.issue({ ...ORDER, seconds: 3 })
  await clock.advance(1)
  const next = withSecrets(SECRETS)
  t.equal(await outcome(next.inspect(ticket)), 'fine', 'it was kept over the restart')
  records.clear()
  t.equal(await outcome(next.inspect(ticket)), 'ticket_expired')
  const { ticket: another } = await next.issue({ ...ORDER, seconds: 3 })
  await next.redeem(another)
  t.equal(await outcome(next.inspect(another)), 'ticket_used')
})

test('[S16] a used ticket of the previous secret is told from a forged one', async (t) => {
  const old: RootSecrets = { current: 'the former root secret', previous: null }
  const { tickets, withSecrets } = issuer(old)
  const { ticket } = await tickets.issue(ORDER)
  await tickets.redeem(ticket)
  const rotating = withSecrets({ current: 'the new root secret', previous: old.current })
  const rotated = withSecrets({ current: 'the new root secret', previous: null })
  t.equal(await outcome(rotated.inspect(ticket)), 'ticket_invalid')
  t.equal(await outcome(rotating.inspect(ticket)), 'ticket_used')
})

test('[C26] tickets are counted per user, whichever credential asks for them', async (t) => {
  const { tickets, clock } = issuer(SECRETS, 3)
  for (let n = 0; n < 3; n += 1) await tickets.issue(ORDER)
  const refusal = await tickets.issue({ ...ORDER, rooms: ['a'] }).catch((error: unknown) => error)
  t.match(refusal, { reply: { status: 429 }, retryAfter: 20 })
  t.equal(await outcome(tickets.issue({ ...ORDER, user: 'u_2' })), 'fine')
  await clock.advance(20_000)
  t.equal(await outcome(tickets.issue(ORDER)), 'fine')
})
