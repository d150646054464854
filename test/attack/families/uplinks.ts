// Commands that come in requests of their own, to a connection whose replies are a stream: session
// ids that are guessed, stolen or out of date, and pages elsewhere.
import { call } from '../../support/people.ts'
import { until } from '../../support/until.ts'
import { type Attack, attack, type Family } from '../attack.ts'
import { openStream, sending, streamOf } from '../reply-streams.ts'
import { bearerHeaders, browserHeaders, KEY_HEADERS, type Target } from '../target.ts'
import {
  type Ask,
  firstAnswer,
  type Headers,
  openSocket,
  pause,
  requestBytes,
  wordsOf,
} from '../wire.ts'

const GONE = '404 not_found'
const ROOM = 'kept:uplinks'

export const uplinks: Family = {
  title: 'uplinks',
  homes: ['alone'],
  parts: [guesses, stolen, late],
}

/** A command with an effect. */
const forged = (data: unknown) => JSON.stringify({ id: 2, publish: { channel: ROOM, data } })

async function saidIn({ ask }: Target): Promise<string> {
  const { body } = await ask({ path: `/rooms/${ROOM}/messages?limit=100`, headers: KEY_HEADERS })
  return body
}

/** The words of an answer, and whether the command had its effect. */
async function effectOf(target: Target, ask: Ask, mark: string): Promise<string> {
  const words = await target.words(ask)
  await pause(50)
  return (await saidIn(target)).includes(mark) ? `${words}, and was heard` : words
}

function guesses(target: Target): Attack[] {
  const id = (at: number) => Buffer.alloc(16, at).toString('base64url')
  return [
    attack('300 guessed session ids', 'beside one that is there', GONE, async () => {
      const { stream, uplink } = await streamOf(target)
      const guess = (at: number) =>
        target.words(sending({ ...uplink, session: id(at), data: '{}' }))
      const words = await Promise.all(Array.from({ length: 300 }, (_, at) => guess(at)))
      stream.socket.destroy()
      return [...new Set(words)].join(' or ')
    }),
    attack('ids that are near one that is there', 'each character another', GONE, async () => {
      const { stream, uplink } = await streamOf(target)
      const near = Array.from(uplink.session, (own, at) => {
        const session = uplink.session.slice(0, at) + (own === 'A' ? 'B' : 'A')
        return { ...uplink, session: session + uplink.session.slice(at + 1), data: '{}' }
      })
      const words = await Promise.all(near.map((body) => target.words(sending(body))))
      stream.socket.destroy()
      return [...new Set(words)].join(' or ')
    }),
    attack('30 sessions of one user', 'their ids', '30 ids of 22 characters', async () => {
      const streams = await Promise.all(Array.from({ length: 30 }, () => streamOf(target)))
      const ids = new Set(streams.map(({ uplink }) => uplink.session))
      for (const { stream } of streams) stream.socket.destroy()
      const lengths = new Set([...ids].map(({ length }) => length))
      return `${ids.size} ids of ${[...lengths].join()} characters`
    }),
    ...['', 'constructor', '__proto__', '*', `x\r\nSUBSCRIBE y`, 'A'.repeat(100_000)].map((node) =>
      attack(`a node named ${node.slice(0, 20)}`, 'as a node and as a session', GONE, async () => {
        const words = [
          await target.words(sending({ node, session: id(1), data: '{}' })),
          await target.words(sending({ node: 'nosuchno', session: node, data: '{}' })),
        ]
        return [...new Set(words)].join(' or ')
      }),
    ),
  ]
}

/** What a request for the victim's id shows; in none it is the page and cookie of the victim. */
function shownBy({ victim, stranger, url }: Target): Record<string, Headers> {
  const withCookie: Headers = [['Cookie', victim.browser.cookie]]
  return {
    'without a cookie': [],
    'without one, from the own page': origin(url),
    "with another user's": browserHeaders(stranger),
    'with a token': [...bearerHeaders(victim), ...origin(url)],
    'with a server key': [...KEY_HEADERS, ...origin(url)],
    'from no page': withCookie,
    'from a page elsewhere': [...withCookie, ...origin('http://evil.example')],
    'from a page without an origin': [...withCookie, ...origin('null')],
    'from a host that begins alike': [...withCookie, ...origin(`${url}.evil.example`)],
    'from another port': [...withCookie, ...origin('http://localhost:1')],
    'from a shell': [...withCookie, ...origin('capacitor://localhost')],
    'from a page of the same site': [...withCookie, ...site('same-site')],
    'from a page of another site': [...withCookie, ...site('cross-site')],
    'from another site, as one of ours': [
      ...[...withCookie, ...origin('http://evil.example'), ...site('same-origin')],
    ],
  }
}

const origin = (value: string): Headers => [['Origin', value]]
const site = (value: string): Headers => [['Sec-Fetch-Site', value]]
const SIMPLE = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']

/** The victim's id, known to the attacker. */
async function stolen(target: Target): Promise<Attack[]> {
  const { victim } = target
  const own = openStream(target, { headers: browserHeaders(victim) })
  const uplink = await own.uplink()
  target.keepSecret(uplink.session)
  const byTicket = await streamOf(target, victim)
  let at = 0
  const one = (name: string, headers: Headers, type?: string): Attack => {
    const mark = `forged-${++at}`
    const expected = type === undefined ? GONE : '415 unsupported_media_type'
    return attack(`a stolen id ${name}`, 'a publish', expected, () =>
      effectOf(target, sending({ ...uplink, data: forged(mark) }, headers, type), mark),
    )
  }
  return [
    ...Object.entries(shownBy(target)).map(([name, headers]) => one(name, headers)),
    ...SIMPLE.map((type) => one(`as ${type}`, browserHeaders(victim), type)),
    attack('a ticket stream, from a page elsewhere', 'a publish', GONE, () => {
      const body = { ...byTicket.uplink, data: forged('elsewhere') }
      return effectOf(target, sending(body, origin('http://evil.example')), 'elsewhere')
    }),
    attack('and its owner', 'the same publish', '204, and was heard', () =>
      effectOf(target, sending({ ...uplink, data: forged('own') }, browserHeaders(victim)), 'own'),
    ),
    ...inUrls(target, uplink),
    attack('the streams end', 'and leave no session', GONE, async () => {
      const body = { ...uplink, data: '{}' }
      for (const stream of [own, byTicket.stream]) stream.socket.destroy()
      const ask = () => target.words(sending(body, browserHeaders(victim)))
      await until(async () => (await ask()) === GONE)
      return ask()
    }),
  ]
}

function inUrls(target: Target, { node, session }: { node: string; session: string }): Attack[] {
  const headers = browserHeaders(target.victim)
  const data = encodeURIComponent(forged('in the URL'))
  const query = `node=${node}&session=${session}&data=${data}`
  const methods = ['GET', 'HEAD', 'PUT', 'POST'].map((method) =>
    attack(`${method} with an id in the URL`, method, /^(40[05] \w+|405 not JSON: )$/, () =>
      effectOf(target, { method, path: `/emulation?${query}`, headers }, 'in the URL'),
    ),
  )
  const tokens = ['token', 'access_token', 'jwt', 'ticket'].map((name) =>
    attack(`${name}= in the URL`, 'beside a whole body', '400 bad_request', () => {
      const ask = sending({ node, session, data: '{}' }, headers)
      return target.words({ ...ask, path: `/emulation?${name}=a` })
    }),
  )
  return [...methods, ...tokens]
}

/** A log-out while the stream is open, and while the body comes. */
function late(target: Target): Attack[] {
  const opened = async () => {
    const who = await target.newPerson()
    const stream = openStream(target, { headers: browserHeaders(who) })
    return { who, stream, uplink: await stream.uplink() }
  }
  const logOut = ({ who }: Awaited<ReturnType<typeof opened>>) =>
    call(`${target.url}/session`, 'DELETE', { headers: who.browser })
  return [
    attack('a log-out ends the stream', 'DELETE /session', '3503 forced', async () => {
      const scene = await opened()
      await logOut(scene)
      return scene.stream.closeWords()
    }),
    attack(
      'a body after a log-out',
      'a publish',
      /^(404 not_found|401 unauthorized)$/,
      async () => {
        const scene = await opened()
        const { who, uplink } = scene
        const ask = sending({ ...uplink, data: forged('late') }, browserHeaders(who))
        const bytes = requestBytes(ask)
        const socket = openSocket(target.port)
        socket.write(bytes.subarray(0, -20))
        await pause(50)
        await logOut(scene)
        const words = wordsOf(await firstAnswer(socket, bytes.subarray(-20)))
        return (await saidIn(target)).includes('late') ? `${words}, and was heard` : words
      },
    ),
    attack('20 bodies at once with a log-out', '20 publishes', 'the stream has ended', async () => {
      const scene = await opened()
      const { who, uplink, stream } = scene
      const ask = sending({ ...uplink, data: forged('beside') }, browserHeaders(who))
      const many = Array.from({ length: 20 }, () => target.words(ask))
      await Promise.all([logOut(scene), ...many])
      await stream.closeWords()
      const after = await target.words(ask)
      return after === GONE ? 'the stream has ended' : after
    }),
  ]
}
