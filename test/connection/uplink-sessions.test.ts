// Which requests reach a connection whose client has no WebSocket: those that bring its secret,
// from where it was opened.
import t from 'tap'
import { Connection } from '../../src/connection/connection.ts'
import type { Handler } from '../../src/connection/handler.ts'
import { UplinkSessions } from '../../src/connection/uplink-sessions.ts'
import type { UplinkFrame } from '../../src/engine/uplinks.ts'
import { digest } from '../../src/identity/secret.ts'
import { CLOSE } from '../../src/protocol/errors.ts'
import { ANONYMOUS, type Identity } from '../../src/protocol/identity.ts'
import { systemRandom } from '../../src/time/random.ts'
import { raw } from '../../src/wire/raw.ts'
import { openToys } from '../engine/toy-engine.ts'
import { FakeSocket } from '../support/fake-socket.ts'
import { TestRooms, userOf } from '../support/test-rooms.ts'

const PAGE = 'https://chat.example.com'
const BY_COOKIE = userOf('ann', { proof: 'cookie' })
const ANN = { user: 'ann', session: 's_ann' }

/** A connection from a page, of which the handler remembers what it receives. */
function opened(page: string | null, identity: Identity = ANONYMOUS) {
  const { connections, clock } = new TestRooms()
  const sessions = new UplinkSessions(systemRandom)
  const seat = connections.connectionLimits.take('192.0.2.1', clock.elapsed())
  const socket = new FakeSocket()
  const connection = new Connection({ connections, socket, seat })
  const received: string[] = []
  const handler: Handler = {
    format: raw,
    receive: (payload, binary) => void received.push(`${payload} ${binary}`),
    revoked: () => undefined,
    end: () => undefined,
  }
  connection.open(handler)
  connection.identify(identity)
  const secret = sessions.newSecret()
  const key = sessions.open(secret, { connection, page })
  const take = (more: Partial<UplinkFrame> = {}): boolean =>
    sessions.take({
      ...{ session: digest(secret), payload: Buffer.from('hi'), binary: false },
      ...{ page, logIn: null },
      ...more,
    })
  return { sessions, connection, handler, socket, received, secret, key, take }
}

t.test(
  '[C303] a secret has 128 random bits, and the connection is found by its digest',
  async (t) => {
    const { sessions, secret, take } = opened(null)
    t.equal(Buffer.from(secret, 'base64url').length, 16)
    const secrets = new Set(Array.from({ length: 1_000 }, () => sessions.newSecret()))
    t.equal(secrets.size, 1_000)
    t.same([take(), take({ session: secret })], [true, false])
  },
)

t.test('commands reach the connection of the secret alone', async (t) => {
  const { sessions, take, received, key } = opened(null)
  t.equal(take(), true)
  t.equal(take({ payload: Buffer.from([49]), binary: true }), true)
  t.same(received, ['hi false', '1 true'])
  t.equal(take({ session: digest('another') }), false)
  sessions.forget(key)
  t.same([take(), sessions.size, received.length], [false, 0, 2])
})

t.test('[C304] from another page than its own none is taken', async (t) => {
  const fromPage = opened(PAGE)
  t.equal(fromPage.take(), true)
  for (const page of [null, 'same-origin', 'https://chat.example.com.evil.example', `${PAGE}:8443`])
    t.equal(fromPage.take({ page }), false, `${page}`)
  const sameOrigin = opened('same-origin')
  t.equal(sameOrigin.take(), true)
  for (const page of [null, PAGE, 'null']) t.equal(sameOrigin.take({ page }), false, `${page}`)
  const fromNone = opened(null)
  t.equal(fromNone.take({ page: 'same-origin' }), true, 'a browser that names it for POST alone')
  for (const page of [PAGE, 'null']) t.equal(fromNone.take({ page }), false, `${page}`)
})

t.test("[C304] what came by cookie takes commands only beside that session's", async (t) => {
  const { take } = opened(PAGE, BY_COOKIE)
  t.equal(take({ logIn: ANN }), true)
  t.equal(take(), false)
  t.equal(take({ logIn: { ...ANN, session: 's_other' } }), false, 'of another session')
  t.equal(take({ logIn: { ...ANN, user: 'bob' } }), false)
  const byHost = opened(PAGE, userOf('ann', { proof: 'host', session: null }))
  t.equal(byHost.take({ logIn: { user: 'ann', session: null } }), true)
  t.equal(byHost.take({ logIn: { user: 'bob', session: null } }), false)
})

t.test('what came by a ticket or a token needs no cookie, and heeds none', async (t) => {
  for (const proof of ['ticket', 'token'] as const) {
    const { take } = opened(PAGE, userOf('ann', { proof }))
    t.equal(take(), true)
    t.equal(take({ logIn: { user: 'bob', session: 's_bob' } }), true)
  }
})

t.test('while the connection closes, commands are taken and have no effect', async (t) => {
  const { take, connection, received, socket } = opened(null)
  connection.close(CLOSE.forced)
  t.equal(take(), true)
  t.same([received, socket.closedWith?.code], [[], 3503])
})

t.test('a fault over the commands of one client ends its connection alone', async (t) => {
  const { take, handler, socket } = opened(null)
  handler.receive = () => {
    throw new Error('a fault of ours')
  }
  t.equal(take(), true)
  t.equal(socket.closedWith?.code, CLOSE.internal.code)
})

t.test('commands that another node was asked reach the node of the connection', async (t) => {
  const [one, other] = await openToys(t)
  for (const engine of [one, other]) t.teardown(() => engine.close())
  const { sessions, secret, received } = opened(PAGE, BY_COOKIE)
  await one.uplinks.follow(sessions.take)
  const frame = {
    ...{ session: digest(secret), payload: Buffer.from('hi'), binary: false },
    ...{ page: PAGE, logIn: ANN },
  }
  t.equal(await other.uplinks.send(one.node, frame), true)
  t.equal(await other.uplinks.send(one.node, { ...frame, page: null }), false)
  t.equal(await other.uplinks.send(other.node, frame), false)
  t.same(received, ['hi false'])
})
