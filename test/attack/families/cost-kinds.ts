// What each of forty connections sends, where its cost is measured.
import { connect } from '../../support/client.ts'
import type { Assault } from '../scene/assault.ts'
import { bearerHeaders, KEY_HEADERS, posting, type Target } from '../target.ts'
import { type Ask, type Headers, UPGRADE_HEADERS } from '../wire.ts'

export interface Kind {
  name: string
  /** Whether it stands for the others in the short form. */
  inShort?: true
  /** Prepares what it is sent to. */
  assault(target: Target): Promise<Assault>
}

const WHOLE = 64_000
const LARGE = 65_536

type Sent = Assault['asks'][number]

/** Without a credential. */
function stranger(name: string, ask: Sent, how: Partial<Assault> = {}): Kind {
  const assault = async ({ prefix }: Target): Promise<Assault> => {
    const asks = [{ ...ask, path: `${prefix}${ask.path}` }]
    return { asks, bytes: WHOLE, mode: 'unread', ...how }
  }
  return { name, assault }
}

const logInBody = (username: string, password: string) =>
  posting('/session', [], JSON.stringify({ username, password })) as Sent

const wrongLogIn = logInBody('victim', 'this is wrong')
const upgrade = (path: string, headers: Headers = []): Sent => {
  return { path, headers: [...UPGRADE_HEADERS, ...headers] }
}
const unfinished: Headers = [['Content-Length', '1000000']]

const OF_STRANGERS: readonly Kind[] = [
  stranger('unread answers from memory', { path: '/health/live' }),
  stranger('unread answers of a file', { path: '/docs/static/swagger-ui-bundle.js' }),
  stranger('unread descriptions of the API', { path: '/docs/json' }),
  stranger('answers that are read', { path: '/health/live' }, { mode: 'again', addresses: 1 }),
  stranger('handshakes with half a body', upgrade('/rooms/open:a', unfinished)),
  stranger('refused handshakes, one after the other', upgrade('/rooms/attack:a'), {
    ...{ bytes: 0, mode: 'again', addresses: 1 },
  }),
  stranger('undecided connections', upgrade('/rooms/attack:a?auth=message')),
  stranger('small commands of strangers', upgrade('/connection/websocket'), {
    ...{ bytes: 0, mode: 'read', frames: [['{}', 85_000]] },
  }),
  stranger('commands of strangers that are none', upgrade('/connection/websocket'), {
    ...{ bytes: 0, frames: [['x'.repeat(200), 1_000]] },
  }),
  stranger('bodies that stop', { method: 'POST', path: '/session', headers: unfinished }),
  stranger('wrong log-ins', wrongLogIn, { bytes: 0, mode: 'again', addresses: 12 }),
]

const OF_USERS: readonly Kind[] = [
  { name: 'unread pages of control characters', inShort: true, assault: dearPages('unread') },
  { name: 'pages of control characters that are read', assault: dearPages('read') },
  { name: 'conditional requests', assault: conditional },
  { name: 'unread lists of who is in a large room', assault: memberLists('unread') },
  { name: 'lists of who is in a large room that are read', assault: memberLists('read') },
  { name: 'unread replies to commands', inShort: true, assault: commands('unread') },
  { name: 'replies to commands that are read', assault: commands('read') },
  { name: 'unread event streams of line ends', assault: streams },
  { name: 'right passwords from twelve addresses', assault: logIns },
]

export const KINDS: readonly Kind[] = [...OF_STRANGERS, ...OF_USERS]

const DEAR = '/rooms/kept:dear/messages'

async function fill(target: Target, path: string, text: string, count: number): Promise<void> {
  const one = posting(`${target.prefix}${path}`, KEY_HEADERS, text, 'text/plain')
  for (let at = 0; at < count; at += 1) await target.ask(one)
}

/** A control character is six in JSON: a page of these is six times as large as what is stored. */
function dearPages(mode: Assault['mode']) {
  return async (target: Target): Promise<Assault> => {
    await fill(target, DEAR, '\u0001'.repeat(LARGE), 64)
    const ask: Ask = { path: `${target.prefix}${DEAR}`, headers: bearerHeaders(target.stranger) }
    return { asks: [ask as Sent], bytes: WHOLE, mode }
  }
}

const CROWD = 500
const INFO = { public: { about: 'x'.repeat(2_000) } }

/** As many members as are told, each with as much to show as a ticket may have. */
function memberLists(mode: Assault['mode']) {
  return async (target: Target): Promise<Assault> => {
    const room = `${target.prefix}/rooms/here:crowd`
    for (let at = 0; at < CROWD; at += 1) {
      const body = JSON.stringify({ user: `here:${at}`, info: INFO })
      const order = posting(`${target.prefix}/tickets`, KEY_HEADERS, body)
      const { ticket } = JSON.parse((await target.ask(order)).body)
      await connect(`http://127.0.0.1:${target.port}${room}?ticket=${ticket}`)
    }
    const ask = { path: `${room}/members`, headers: bearerHeaders(target.stranger) }
    return { asks: [ask], bytes: WHOLE, mode }
  }
}

const CONNECT = '{"id":1,"connect":{}}'
const ASKED = '{"id":2,"history":{"channel":"kept:dear","limit":-1}}'

/** As much as commands may ask for in one frame. */
function commands(mode: Assault['mode']) {
  return async (target: Target): Promise<Assault> => {
    await fill(target, DEAR, '\u0001'.repeat(LARGE), 64)
    const ask = upgrade('/connection/websocket', bearerHeaders(target.stranger))
    const frames = [
      [CONNECT, 1],
      [ASKED, 1_000],
    ] as const
    return { asks: [ask], bytes: 0, mode, frames }
  }
}

async function conditional(target: Target): Promise<Assault> {
  const { asks, bytes } = await dearPages('read')(target)
  const [ask = { path: DEAR }] = asks
  const { headers } = await target.ask({ ...ask, ms: 15_000 })
  const match: Headers = [['If-None-Match', headers.get('etag') ?? '']]
  return {
    asks: [{ ...ask, headers: [...(ask.headers ?? []), ...match] }],
    bytes,
    mode: 'again',
    addresses: 1,
  }
}

/** A line end in a text is a line of an event stream, and more bytes. */
async function streams(target: Target): Promise<Assault> {
  await fill(target, '/rooms/kept:lines/messages', '\n'.repeat(LARGE), 64)
  const path = `${target.prefix}/rooms/kept:lines`
  const own = bearerHeaders(target.stranger)
  const { epoch } = JSON.parse((await target.ask({ path, headers: own })).body)
  const headers: Headers = [
    ...own,
    ['Accept', 'text/event-stream'],
    ['Last-Event-ID', `${epoch}:0`],
  ]
  return { asks: [{ path, headers }], bytes: 0, mode: 'unread' }
}

async function logIns(target: Target): Promise<Assault> {
  const people = Array.from({ length: 12 }, () => target.newPerson())
  const asks = (await Promise.all(people)).map(({ username, password }) =>
    logInBody(username, password),
  )
  return { asks, bytes: 0, mode: 'again', addresses: 12 }
}
