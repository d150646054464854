// Streams of replies, for clients without a WebSocket: crowds of undecided ones, pages elsewhere,
// credentials in URLs, requests of every form, and clients that go away or do not read.
import { until } from '../../support/until.ts'
import { type Attack, attack, type Family } from '../attack.ts'
import {
  opening,
  openStream,
  RawStream,
  type StreamOpening,
  sending,
  streamOf,
} from '../reply-streams.ts'
import { bearerHeaders, browserHeaders, KEY_HEADERS, posting, type Target } from '../target.ts'
import { type Ask, type Headers, openSocket, pause, requestBytes } from '../wire.ts'

const CARRIERS = ['http_stream', 'sse'] as const
/** Anyone may connect here, since there are rooms for anyone: not as the victim. */
const NO_USER = 'connected as no user'
const BAD = '3501 bad request'

export const replyStreams: Family = {
  title: 'reply-streams',
  homes: ['alone'],
  parts: [elsewhere, inUrls, crowds, ofOneUser, unreadable, forms, abrupt, unread],
}

/** What became of an opening; the socket is ended. */
async function openedWords(target: Target, how: StreamOpening): Promise<string> {
  return wordsAndEnd(openStream(target, how))
}

async function wordsAndEnd(stream: RawStream): Promise<string> {
  const words = await stream.words()
  stream.socket.destroy()
  return words
}

/** A page elsewhere has the victim's cookie sent along: it is not looked at (S2). */
function elsewhere({ victim, url, ...target }: Target): Attack[] {
  const { cookie } = victim.browser
  const pages: Record<string, Headers> = {
    'a page elsewhere': [['Origin', 'http://evil.example']],
    'a page without an origin': [['Origin', 'null']],
    'a host that begins alike': [['Origin', `${url}.evil.example`]],
    'a picture elsewhere': [['Sec-Fetch-Site', 'cross-site']],
    'a picture of the same site': [['Sec-Fetch-Site', 'same-site']],
    'a link that is followed': [['Sec-Fetch-Site', 'none']],
    'an old browser': [],
    'a shell': [['Origin', 'tauri://localhost']],
    'elsewhere, as the same origin': [
      ['Origin', 'http://evil.example'],
      ['Sec-Fetch-Site', 'same-origin'],
    ],
  }
  const all = { victim, url, ...target }
  const asVictim = `connected as user:${victim.user}`
  return CARRIERS.flatMap((carrier) => [
    ...Object.entries(pages).map(([name, page]) =>
      attack(`${carrier} by ${name}`, "with the victim's cookie", NO_USER, () =>
        openedWords(all, { carrier, headers: [['Cookie', cookie], ...page] }),
      ),
    ),
    attack(`${carrier} by the victim`, 'the same from its page', asVictim, () =>
      openedWords(all, { carrier, headers: browserHeaders(victim) }),
    ),
  ])
}

/** Long-lived credentials stand in no URL; what a form of a page elsewhere may send is no body. */
function inUrls(target: Target): Attack[] {
  const token = target.victim.bearer.authorization.slice('Bearer '.length)
  const named = ['token', 'access_token', 'jwt']
  const simple = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']
  const asking = (ask: Ask) => {
    const socket = openSocket(target.port)
    socket.write(requestBytes(ask))
    return wordsAndEnd(new RawStream(socket))
  }
  return [
    attack('sse with a token in its command', 'an access token', 'error 107', () =>
      openedWords(target, { carrier: 'sse', connect: { token } }),
    ),
    ...named.map((name) =>
      attack(`sse with ${name}=`, 'an access token', 'error 107', () => {
        const { path, ...ask } = opening({ carrier: 'sse' })
        return asking({ ...ask, path: `${path}&${name}=${token}` })
      }),
    ),
    ...simple.map((type) =>
      attack(`http_stream as ${type}`, 'a connect command', '415 unsupported_media_type', () =>
        target.words(posting('/connection/http_stream', browserHeaders(target.victim), '{}', type)),
      ),
    ),
  ]
}

/** A client whose token is used up may stay, and is undecided as long as it does. */
async function crowds(target: Target): Promise<Attack[]> {
  const token = await target.ticket(target.stranger)
  await openedWords(target, { connect: { token } })
  const crowd = async (count: number, net: string, addresses: number): Promise<string> => {
    const streams = Array.from({ length: count }, (_, at) =>
      openStream(target, {
        carrier: CARRIERS[at % 2] as 'sse',
        connect: { token },
        from: `${net}.${1 + (Math.floor(at / 2) % addresses)}`,
      }),
    )
    const words = await Promise.all(streams.map((stream) => stream.words()))
    for (const { socket } of streams) socket.destroy()
    await pause(200)
    const kinds = [...new Set(words)].sort().reverse()
    return kinds
      .map((kind) => `${words.filter((word) => word.startsWith(kind)).length} × ${kind}`)
      .join(', ')
  }
  const full = '20 × error 109, 40 × 429 too_many_requests'
  return [
    attack('60 undecided from one address', 'a used ticket', full, () => crowd(60, '127.67.0', 1)),
    attack('and their places come back', '20 more', '20 × error 109', () =>
      crowd(20, '127.67.0', 1),
    ),
    attack(
      '1,200 undecided from 80 addresses',
      'more than pendingConnections: the oldest make room',
      '1200 × error 109',
      () => crowd(1_200, '127.67.2', 80),
    ),
  ]
}

/** Fifty connections per user are allowed, whatever carries them. */
function ofOneUser(target: Target): Attack[] {
  return [
    attack(
      '60 streams of one user',
      'from 60 addresses',
      '50 connected, 10 error 111',
      async () => {
        const who = await target.newPerson()
        const streams = Array.from({ length: 60 }, (_, at) =>
          openStream(target, {
            carrier: CARRIERS[at % 2] as 'sse',
            headers: bearerHeaders(who),
            from: `127.68.0.${1 + at}`,
          }),
        )
        const words = await Promise.all(streams.map((stream) => stream.words()))
        for (const { socket } of streams) socket.destroy()
        const count = (kind: string) => words.filter((word) => word.startsWith(kind)).length
        return `${count('connected')} connected, ${count('error 111')} error 111`
      },
    ),
  ]
}

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

/** By a stranger: what is read of it is read before any credential. */
function unreadable(target: Target): Attack[] {
  const bodies: Record<string, string> = {
    'no JSON': '{',
    'an array': '[]',
    'deep, 250 KB': nested(125_000),
    'deep below a name': `{"id":1,"connect":${nested(100_000)}}`,
    'another command': '{"id":1,"publish":{"channel":"open:a","data":1}}',
    'a command behind the first': '{"id":1,"connect":{}}\n{"id":2,"ping":{}}',
    'no id': '{"connect":{}}',
    prototype: '{"id":1,"connect":{"subs":{"__proto__":1}}}',
  }
  const stream = (body: string, type = 'application/json') => {
    const socket = openSocket(target.port)
    socket.write(requestBytes(posting('/connection/http_stream', [], body, type)))
    return wordsAndEnd(new RawStream(socket))
  }
  const events = (query: string) => target.words({ path: `/connection/sse?${query}` })
  return [
    ...Object.entries(bodies).map(([name, body]) =>
      attack(`a body: ${name}`, body.slice(0, 60), BAD, () => stream(body)),
    ),
    attack('a body: over commandBytes', '300 KB', '413 too_large', () => stream(' '.repeat(3e5))),
    attack('a URL of 20 KB', 'cf_connect', '400 bad_request', () =>
      events(`cf_connect=${'x'.repeat(20_000)}`),
    ),
    attack('a command twice in the URL', 'cf_connect', '200', () =>
      events('cf_connect=%7B%7D&cf_connect=%7B%7D'),
    ),
  ]
}

/** The same request in other forms of HTTP. */
function forms(target: Target): Attack[] {
  const raw = async (bytes: string | Buffer): Promise<RawStream> => {
    const stream = new RawStream(openSocket(target.port))
    stream.socket.write(bytes)
    await until(() => stream.text !== '' || stream.ended)
    return stream
  }
  const own = browserHeaders(target.victim)
  const bytes = requestBytes(opening({ headers: own })).toString('latin1')
  const publish = posting('/rooms/attack:ahead/messages', KEY_HEADERS, '"ahead"')
  return [
    attack('over HTTP/1.0', 'http_stream', /^connected as user:/, async () =>
      wordsAndEnd(await raw(bytes.replace('HTTP/1.1', 'HTTP/1.0'))),
    ),
    attack('by HEAD', 'sse', '405 not JSON: ', () =>
      target.words({ method: 'HEAD', path: opening({ carrier: 'sse' }).path, headers: own }),
    ),
    attack('with an upgrade beside it', 'Upgrade: websocket', '400 bad_request', async () => {
      const upgrade: Headers = [...own, ['Upgrade', 'websocket'], ['Connection', 'Upgrade']]
      return target.words({ ...opening({ carrier: 'sse' }), headers: upgrade })
    }),
    attack(
      '40 requests behind the stream',
      'publishes',
      /^connected as user:.*, none had an effect$/,
      async () => {
        const room = '/rooms/attack:ahead'
        const listener = await streamOf(target)
        const data = '{"id":2,"subscribe":{"channel":"attack:ahead"}}'
        await target.words(sending({ ...listener.uplink, data }))
        const behind = requestBytes(publish).toString('latin1').repeat(40)
        const stream = await raw(bytes)
        const words = await stream.words()
        stream.socket.write(behind)
        await pause(200)
        stream.socket.destroy()
        await target.words({ path: room, headers: KEY_HEADERS })
        const isHeard = listener.stream.text.includes('"ahead"')
        listener.stream.socket.destroy()
        return `${words}, ${isHeard ? 'some were heard' : 'none had an effect'}`
      },
    ),
  ]
}

/** Clients that go away at every point of a request, and of the answer. */
function abrupt(target: Target): Attack[] {
  const bytes = requestBytes(opening({ headers: browserHeaders(target.stranger) }))
  const body = bytes.indexOf('\r\n\r\n') + 4
  const points = { 'in the head': 40, 'behind it': body, 'in the body': body + 9, whole: undefined }
  const readings = async (): Promise<number> => {
    const { body } = await target.ask({ path: '/metrics', headers: KEY_HEADERS })
    const [, open] = /^usher_connections (\d+)$/m.exec(body) ?? []
    if (open === undefined) throw new Error(`no reading: ${body.slice(0, 200)}`)
    return Number(open)
  }
  return [
    attack(
      '100 clients that go away',
      Object.keys(points).join(),
      'no connection more',
      async () => {
        const before = await readings()
        for (const end of Object.values(points)) {
          const sockets = Array.from({ length: 25 }, () => openSocket(target.port))
          for (const socket of sockets) socket.write(bytes.subarray(0, end))
          await pause(20)
          for (const socket of sockets) socket.resetAndDestroy()
        }
        await until(async () => (await readings()) <= before)
        return 'no connection more'
      },
    ),
  ]
}

/** A client that asks for much and reads nothing: it is cut after some seconds. */
function unread(target: Target): Attack[] {
  if (target.short) return []
  const fill = posting('/rooms/kept:unread/messages', KEY_HEADERS, 'x'.repeat(60_000), 'text/plain')
  return [
    attack('100 pages that are not read', '1 MB each', 'cut, and the session is gone', async () => {
      for (let at = 0; at < 20; at += 1) await target.ask(fill)
      const { stream, uplink } = await streamOf(target)
      stream.socket.pause()
      const lines = Array.from(
        { length: 100 },
        (_, at) => `{"id":${at + 2},"history":{"channel":"kept:unread","limit":-1}}`,
      )
      await target.words(sending({ ...uplink, data: lines.join('\n') }))
      const ask = () => target.words(sending({ ...uplink, data: '{}' }))
      await until(async () => (await ask()) === '404 not_found')
      stream.socket.destroy()
      return 'cut, and the session is gone'
    }),
  ]
}
