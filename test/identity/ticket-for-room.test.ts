// A ticket that opens one room of a connection that is open already.
import t from 'tap'
import { isExpired } from '../../src/identity/expired.ts'
import { Refusal } from '../../src/protocol/errors.ts'
import { startApp } from '../support/app.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { asServer, call, person, ticketOf } from '../support/people.ts'

const clock = new ManualClock()
const usher = await startApp(t, {}, { clock })
const { authenticator } = usher.app
const ann = await person(usher)
const rooms = ['chat:a', 'chat:b']

/** The user and the rooms of the identity, `expired`, or the error word. */
async function outcomeOf(ticket: string, user: string | null, room: string): Promise<unknown> {
  try {
    const identity = await authenticator.ticketFor(ticket, user, room)
    return [identity.user, identity.rooms]
  } catch (error) {
    if (!(error instanceof Refusal)) return String(error)
    return isExpired(error) ? 'expired' : error.reply.error
  }
}

t.test('it is not used up, and opens every room that it names until its time', async (t) => {
  const ticket = await ticketOf(usher, ann.bearer, { rooms })
  for (const room of [...rooms, ...rooms]) {
    t.same(await outcomeOf(ticket, ann.user, room), [ann.user, rooms])
  }
  await clock.advance(31_000)
  t.equal(await outcomeOf(ticket, ann.user, 'chat:a'), 'expired')
})

t.test(
  'its identity has its session, and ends with the connection that it would open',
  async (t) => {
    const { body } = await call(`${usher.url}/session`, 'GET', { headers: ann.bearer })
    const own = await ticketOf(usher, ann.bearer, { rooms })
    t.match(await authenticator.ticketFor(own, ann.user, 'chat:a'), {
      proof: 'ticket',
      session: body.session,
    })
    const order = { user: 'bob', rooms, connectionTtl: 60, info: { name: 'Bob' } }
    const ticket = await ticketOf(usher, asServer, order)
    t.match(await authenticator.ticketFor(ticket, 'bob', 'chat:a'), {
      ...{ session: null, name: 'Bob', expiresAt: clock.now() + 60_000 },
    })
  },
)

t.test('another user, a room that it does not name, and any other text are refused', async (t) => {
  const ticket = await ticketOf(usher, ann.bearer, { rooms })
  const open = await ticketOf(usher, ann.bearer)
  const accessToken = ann.bearer.authorization.slice('Bearer '.length)
  const wrong: [ticket: string, user: string | null, room: string][] = [
    [ticket, 'bob', 'chat:a'],
    [ticket, null, 'chat:a'],
    [ticket, ann.user, 'chat:c'],
    [open, ann.user, 'chat:a'],
    [accessToken, ann.user, 'chat:a'],
    [`${ticket.slice(0, -6)}AAAAAA`, ann.user, 'chat:a'],
    ['', ann.user, 'chat:a'],
    ['ut_', ann.user, 'chat:a'],
  ]
  for (const [shown, user, room] of wrong) {
    t.equal(await outcomeOf(shown, user, room), 'forbidden', `${shown.slice(0, 3)} ${user} ${room}`)
  }
})

t.test('a ticket that opened a connection, or whose session has ended, is expired', async (t) => {
  const ticket = await ticketOf(usher, ann.bearer, { rooms })
  await (await authenticator.prove({ kind: 'ticket', ticket })).settle()
  t.equal(await outcomeOf(ticket, ann.user, 'chat:a'), 'expired')
  const next = await ticketOf(usher, ann.bearer, { rooms })
  await call(`${usher.url}/session`, 'DELETE', { headers: ann.bearer })
  t.equal(await outcomeOf(next, ann.user, 'chat:a'), 'expired')
})
