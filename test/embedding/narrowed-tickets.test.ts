// A ticket that names rooms opens no others, on every way in, with rules and with an application
// that decides; and an application whose decision fails lets no client in.
import { type Test, test } from 'tap'
import type { Authorize, UsherOptions } from '../../src/index.ts'
import { type Client, type ConnectOptions, connect, refused } from '../support/client.ts'
import { follow } from '../support/follow.ts'
import { asServer, call } from '../support/people.ts'
import { type Host, startHost } from './host.ts'

const NAMED = 'chat:named'
const OWN = 'user:ann'
/** Rooms that the tickets below do not name. */
const OTHERS = ['chat:other', 'chat:named:b', OWN]

interface Visit {
  url: string
  room: string
  ticket: string
}

const pathOf = (room: string): string => `/rt/rooms/${room}`
const refusedAt = async (url: string, options = {}): Promise<number> =>
  (await refused(url, options)).status

/** A way in: `open` gives an open connection, `refusal` a status or a close code. */
interface Way {
  open(visit: Visit): Promise<{ close(): unknown }>
  refusal(visit: Visit): Promise<number>
}

const inUrl = ({ url, room, ticket }: Visit): string => `${url}${pathOf(room)}?ticket=${ticket}`
const offered = ({ url, room, ticket }: Visit): [string, ConnectOptions] => [
  url + pathOf(room),
  { protocols: ['usher.raw', `usher.ticket.${ticket}`] },
]

async function byFirstMessage({ url, room, ticket }: Visit): Promise<Client> {
  const client = await connect(`${url}${pathOf(room)}?auth=message`)
  client.send(JSON.stringify({ ticket }))
  return client
}

const WAYS: Record<string, Way> = {
  'a WebSocket with its ticket in the URL': {
    open: (visit) => connect(inUrl(visit)),
    refusal: (visit) => refusedAt(inUrl(visit)),
  },
  'a WebSocket with its ticket as subprotocol': {
    open: (visit) => connect(...offered(visit)),
    refusal: (visit) => refusedAt(...offered(visit)),
  },
  'a first message': {
    async open(visit) {
      const client = await byFirstMessage(visit)
      client.send('I am in')
      await client.next()
      return client
    },
    refusal: async (visit) => (await (await byFirstMessage(visit)).closed).code,
  },
  'an event stream': {
    async open(visit) {
      const following = await follow(inUrl(visit), {})
      return { close: () => following.stop() }
    },
    refusal: async (visit) => {
      const headers = { accept: 'text/event-stream' }
      return (await fetch(inUrl(visit), { headers })).status
    },
  },
  'a replay': {
    open: (visit) => connect(`${inUrl(visit)}&replay=5`),
    refusal: (visit) => refusedAt(`${inUrl(visit)}&replay=5`),
  },
}

async function ticketFor({ url }: Host, rooms: string[]): Promise<string> {
  const order = { headers: asServer, body: { user: 'ann', rooms } }
  return (await call(`${url}/rt/tickets`, 'POST', order)).body.ticket
}

const asked: string[] = []
const DECIDERS: Record<string, UsherOptions> = {
  rules: {},
  'an application that says yes to all': {
    authorize: (_identity, _action, room) => {
      asked.push(room)
      return true
    },
  },
  'an application that says yes later': { authorize: async () => true },
}

async function start(t: Test, options: UsherOptions): Promise<Host> {
  const rooms = [{ match: '*', history: { messages: 10 } }]
  return startHost(t, { options: { rooms, ...options } })
}

for (const [who, options] of Object.entries(DECIDERS)) {
  for (const [name, way] of Object.entries(WAYS)) {
    test(`[S47] ${name}: a ticket opens the rooms that it names, by ${who}`, async (t) => {
      const host = await start(t, options)
      const { url } = host
      asked.length = 0
      for (const room of OTHERS) {
        const ticket = await ticketFor(host, [NAMED])
        const code = await way.refusal({ url, room, ticket })
        t.ok(code === 403 || code === 3507, `${room}: ${code}`)
        t.same(asked, [], 'the application is not asked')
        const still = await way.open({ url, room: NAMED, ticket })
        await still.close()
        asked.length = 0
      }
      const ticket = await ticketFor(host, [OWN])
      await (await way.open({ url, room: OWN, ticket })).close()
    })
  }
}

test('[S47] requests take no ticket, so that none widens what it names', async (t) => {
  const host = await start(t, { authorize: () => true })
  const ticket = await ticketFor(host, [NAMED])
  const bearer = { authorization: `Bearer ${ticket}` }
  const messages = `${pathOf(NAMED)}/messages`
  for (const [method, path] of [
    ['GET', pathOf(NAMED)],
    ['GET', messages],
    ['POST', messages],
    ['DELETE', `${messages}/1`],
    ['POST', '/rt/tickets'],
  ] as const) {
    const inPath = await call(`${host.url}${path}?ticket=${ticket}`, method)
    t.equal(inPath.status, 400, `${method} ${path}`)
    const asBearer = await call(host.url + path, method, { headers: bearer })
    t.equal(asBearer.status, 401, `${method} ${path}`)
  }
})

const broken = () => {
  throw new Error('their database is away')
}
const FAILING: Record<string, Authorize> = {
  throws: broken,
  rejects: async () => broken(),
  'gives a thenable that rejects': () =>
    Object.fromEntries([
      ['then', (_: unknown, no: (error: Error) => void) => no(new Error('away'))],
    ]) as unknown as Promise<boolean>,
}

for (const [how, authorize] of Object.entries(FAILING)) {
  test(`[C88] [S47] an authorize that ${how} lets no client in`, async (t) => {
    const host = await start(t, { authorize })
    const { url } = host
    for (const [name, way] of Object.entries(WAYS)) {
      const ticket = await ticketFor(host, [NAMED])
      const code = await way.refusal({ url, room: NAMED, ticket })
      t.ok(code === 500 || code === 3004, `${name}: ${code}`)
    }
    const messages = `${url}${pathOf(NAMED)}/messages`
    const headers = asServer
    for (const [method, path] of [
      ['GET', url + pathOf(NAMED)],
      ['GET', messages],
      ['POST', messages],
      ['DELETE', `${messages}/1`],
    ] as const) {
      const options = method === 'POST' ? { headers, body: {} } : { headers }
      t.equal((await call(path, method, options)).status, 500, `${method} ${path}`)
    }
  })
}
