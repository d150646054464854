// The contract of tickets. The calls go to two nodes in turn.
import type { Test } from 'tap'
import { HOST_SESSION } from '../../src/protocol/names.ts'
import { account, session, ticket } from './support/samples.ts'
import type { OpenStores } from './support/suite-setup.ts'

export function ticketContract(t: Test, open: OpenStores): void {
  t.test('a ticket comes back as it was issued', async (t) => {
    const { accounts, sessions, tickets } = await open(t)
    const ada = account()
    const web = session(ada)
    await accounts.create(ada)
    await sessions.create(web)
    const full = ticket({
      session: web.id,
      rooms: ['chat:1', 'chat:*'],
      info: '{"name":"Ädä"}',
      connectionExpiresAt: 8_000,
    })
    t.equal(await tickets.issue(full), true)
    t.same(await tickets.read(full.hash, 1_000), full)
    t.same(await tickets.redeem(full.hash, 1_000), full)
  })

  t.test('a session that only an application knows counts as alive', async (t) => {
    const { tickets } = await open(t)
    const theirs = ticket({ session: `${HOST_SESSION}phone` })
    t.equal(await tickets.issue(theirs), true)
    t.same(await tickets.read(theirs.hash, 1_000), theirs)
    t.same(await tickets.redeem(theirs.hash, 1_000), theirs)
  })

  t.test('no rooms at all is not the same as any room', async (t) => {
    const { tickets } = await open(t)
    const none = ticket({ rooms: [] })
    await tickets.issue(none)
    t.same((await tickets.redeem(none.hash, 1_000))?.rooms, [])
  })

  t.test('reading a ticket does not use it up, redeeming does', async (t) => {
    const { tickets } = await open(t)
    const one = ticket()
    await tickets.issue(one)
    t.same(await tickets.read(one.hash, 1_000), one)
    t.same(await tickets.read(one.hash, 1_000), one)
    t.same(await tickets.redeem(one.hash, 1_000), one)
    t.equal(await tickets.read(one.hash, 1_000), null)
    t.equal(await tickets.redeem(one.hash, 1_000), null)
  })

  t.test('one of 100 that redeem a ticket at once, over both nodes, gets it', async (t) => {
    const { tickets } = await open(t)
    const one = ticket()
    await tickets.issue(one)
    const tries = Array.from({ length: 100 }, () => tickets.redeem(one.hash, 1_000))
    const got = (await Promise.all(tries)).filter((answer) => answer !== null)
    t.same(got, [one])
  })

  t.test('a ticket is good until just before its time', async (t) => {
    const { tickets } = await open(t)
    const one = ticket({ expiresAt: 2_000 })
    await tickets.issue(one)
    t.equal(await tickets.read(one.hash, 2_000), null)
    t.equal(await tickets.redeem(one.hash, 2_000), null)
    t.same(await tickets.redeem(one.hash, 1_999), one)
  })

  t.test('an unknown ticket is null', async (t) => {
    const { tickets } = await open(t)
    t.equal(await tickets.read('unknown', 1_000), null)
    t.equal(await tickets.redeem('unknown', 1_000), null)
  })

  t.test('a store says since when it has held tickets', async (t) => {
    const before = Date.now()
    const { tickets } = await open(t)
    t.ok(tickets.since >= before && tickets.since <= Date.now())
  })

  t.test('the end of a session of an application voids its tickets alone', async (t) => {
    const { tickets } = await open(t)
    const [phone, laptop] = [`${HOST_SESSION}phone`, `${HOST_SESSION}laptop`]
    const [gone, kept] = [ticket({ session: phone }), ticket({ session: laptop })]
    for (const each of [gone, kept]) await tickets.issue(each)
    await tickets.end({ session: phone }, 1_500)
    t.equal(await tickets.read(gone.hash, 1_600), null)
    t.equal(await tickets.redeem(gone.hash, 1_600), null)
    t.equal(await tickets.issue(ticket({ session: phone, issuedAt: 1_499 })), false, 'under way')
    const next = ticket({ session: phone, issuedAt: 1_501 })
    t.equal(await tickets.issue(next), true, 'what it asks for afterwards is good')
    for (const each of [kept, next]) t.same(await tickets.redeem(each.hash, 1_600), each)
  })

  t.test('the end of a user voids the tickets of all sessions, and of no other user', async (t) => {
    const { tickets } = await open(t)
    const mine = [ticket(), ticket({ session: `${HOST_SESSION}phone` })]
    const others = ticket({ user: 'u_other' })
    for (const each of [...mine, others]) await tickets.issue(each)
    await tickets.end({ user: 'u_outside' }, 1_500)
    for (const { hash } of mine) t.equal(await tickets.redeem(hash, 1_600), null)
    t.equal(await tickets.issue(ticket()), false, 'under way')
    t.same(await tickets.redeem(others.hash, 1_600), others)
  })

  t.test('a session that has ended gets no ticket', async (t) => {
    const { tickets } = await open(t)
    const late = ticket({ session: 's_ended' })
    t.equal(await tickets.issue(late), false)
    t.equal(await tickets.redeem(late.hash, 1_000), null)
  })
}
