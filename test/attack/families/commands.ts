// Commands for many rooms over one connection: floods of small ones, frames that cannot be read,
// and rooms, users and pages that are not theirs.
import { type ClientFrame, clientFrame, OPCODE } from '../../support/frames.ts'
import type { RawClient } from '../../support/raw-client.ts'
import { type Answer, connectRich, openRich, type RichClient } from '../../support/rich-client.ts'
import { until } from '../../support/until.ts'
import { type Attack, attack, type Family } from '../attack.ts'
import { SERVER_KEY, type Target } from '../target.ts'
import { closeWords, pause, upgrade } from '../wire.ts'

const PATH = '/connection/websocket'
const FRAME_BYTES = 262_144
const TOO_MANY = '3013 too many requests'
const BAD = '3501 bad request'
const INVALID = '3500 invalid credentials'
/** Of a room that is there and of one that is not the answer is the same, word for word (S32). */
const IN_ONE_WAY = /^103 (?!.* or 103)/

export const commands: Family = {
  title: 'commands',
  homes: ['alone'],
  parts: [floods, unreadable, early, elsewhere, ofOthers, tickets],
}

/** The lines of one frame, after the command that connects. */
async function said(target: Target, lines: string): Promise<RawClient> {
  const token = await target.ticket(target.stranger)
  const client = await upgrade(target.url, PATH)
  client.send({ opcode: OPCODE.text, payload: JSON.stringify({ id: 1, connect: { token } }) })
  await pause(100)
  client.send({ opcode: OPCODE.text, payload: lines })
  return client
}

const FLOODS: Record<string, string> = {
  'answers to pings': '{}',
  'unknown commands': '{"id":1,"x":1}',
  'messages without a room': '{"id":1,"publish":{}}',
  'messages to a forbidden room': '{"id":1,"publish":{"channel":"locked:a","data":1}}',
  'messages to a room of ours': '{"id":1,"publish":{"channel":"attack:a","data":1}}',
  'data that is not answered': '{"send":{}}',
  'joins of rooms that do not exist': '{"id":1,"subscribe":{"channel":"nowhere"}}',
  'numbers of members': '{"id":1,"presence_stats":{"channel":"here:a"}}',
  'lists of members': '{"id":1,"presence":{"channel":"here:a"}}',
  'heads of history': '{"id":1,"history":{"channel":"kept:a"}}',
}

function frameOf(line: string): string {
  return `${line}\n`.repeat(FRAME_BYTES / (line.length + 1)).trimEnd()
}

function floods(target: Target): Attack[] {
  return Object.entries(FLOODS).map(([name, line]) =>
    attack(`256 KB of ${name}`, line, TOO_MANY, async () =>
      closeWords(await said(target, frameOf(line)), 15_000),
    ),
  )
}

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
const json = (payload: string): ClientFrame => ({ opcode: OPCODE.text, payload })
const bytes = (...payload: number[]): ClientFrame => {
  return { opcode: OPCODE.binary, payload: Buffer.from(payload) }
}

/** By a stranger: what is read of it is read before any credential. */
const UNREADABLE: Record<string, ClientFrame> = {
  nothing: json(''),
  'no JSON': json('{'),
  'an array': json('[]'),
  'deep, 250 KB': json(nested(125_000)),
  'deep below a name': json(`{"id":1,"connect":${nested(100_000)}}`),
  'an id of 2^32': json('{"id":4294967296,"connect":{}}'),
  'an id below 0': json('{"id":-1,"connect":{}}'),
  'a fraction as id': json('{"id":1.5,"connect":{}}'),
  'no id': json('{"connect":{}}'),
  'a token that is no text': json('{"id":1,"connect":{"token":1}}'),
  'positions that are no object': json('{"id":1,"connect":{"subs":[]}}'),
  prototype: json('{"id":1,"connect":{"subs":{"__proto__":1}}}'),
  'bytes where text is due': bytes(0),
}

/** The same in Protobuf. */
const UNREADABLE_BYTES: Record<string, ClientFrame> = {
  'an overlong varint': bytes(...Array<number>(11).fill(0xff)),
  'a length past the end': bytes(0x7f, 8, 1),
  'a length of 2^63': bytes(...Array<number>(9).fill(0xff), 0x7f),
  'a field with the number 0': bytes(2, 0, 1),
  'a group': bytes(2, 0x0b, 0x0c),
  'text where bytes are due': json('{}'),
}

const LARGE = json('x'.repeat(FRAME_BYTES + 1))

function unreadable(target: Target): Attack[] {
  const one = (path: string, expected: string, [name, frame]: [string, ClientFrame]) =>
    attack(`a frame: ${name}`, String(frame.payload), expected, async () => {
      const client = await upgrade(target.url, path)
      client.send(frame)
      return closeWords(client)
    })
  return [
    ...Object.entries(UNREADABLE).map((entry) => one(PATH, BAD, entry)),
    ...Object.entries(UNREADABLE_BYTES).map((entry) => one(`${PATH}?format=protobuf`, BAD, entry)),
    one(PATH, '1009 message too big', ['over commandBytes', LARGE]),
  ]
}

/** Commands before the one that says who the client is, or a second one of that. */
function early(target: Target): Attack[] {
  const first = ['subscribe', 'publish', 'history', 'presence', 'refresh', 'rpc', 'ping']
  return [
    ...first.map((command) =>
      attack(`first of all ${command}`, command, BAD, async () => {
        const client = await upgrade(target.url, PATH)
        client.send(json(`{"id":1,"${command}":{"channel":"open:a"}}`))
        return closeWords(client)
      }),
    ),
    attack('a second connect', '{"id":2,"connect":{}}', BAD, async () =>
      closeWords(await said(target, '{"id":2,"connect":{}}')),
    ),
  ]
}

/** A page elsewhere has the victim's cookie sent along: it is not looked at (S2). */
function elsewhere({ url, victim }: Target): Attack[] {
  return ['http://evil.example', 'null', 'http://localhost.evil.example', null].map((origin) =>
    attack(`a page at ${origin}`, `Origin: ${origin}`, /^no user|^3500 /, async () => {
      const { cookie } = victim.browser
      const rich = await openRich(url, {
        headers: origin === null ? { cookie } : { cookie, origin },
      })
      const answer = rich.ask('connect').then(({ connect, error }) => {
        if (error) return `error ${error.code}`
        return connect.subs === undefined ? 'no user' : `as ${Object.keys(connect.subs)}`
      })
      const closed = rich.closed.then(({ code, reason }) => `${code} ${reason}`)
      const words = await Promise.race([answer, closed])
      rich.client.ws.terminate()
      return words
    }),
  )
}

/** What a stranger with an account asks of the victim's room, of the server's, of none. */
function ofOthers(target: Target): Attack[] {
  const rooms = [`user:${target.victim.user}`, 'locked:a', 'nowhere', '__proto__']
  const asks: [string, object][] = [
    ['subscribe', { recover: true, epoch: '' }],
    ['publish', { data: 1 }],
    ['history', { limit: -1 }],
    ['presence', {}],
    ['presence_stats', {}],
  ]
  const one = ([command, body]: [string, object]): Attack =>
    attack(`${command} in rooms of others`, rooms.join(', '), IN_ONE_WAY, () =>
      inside(target, async (rich) => {
        const asked = rooms.map((channel) => rich.ask(command, { channel, ...body }))
        return [...new Set((await Promise.all(asked)).map(answerWords))].join(' or ')
      }),
    )
  const narrowed = async (rich: RichClient): Promise<string> => {
    const token = await target.ticket(target.victim, { rooms: ['kept:a'] })
    return answerWords(await rich.ask('subscribe', { channel: 'kept:a', token }))
  }
  return [
    ...asks.map(one),
    attack("a join with the victim's ticket", 'a ticket of another user', IN_ONE_WAY, () =>
      inside(target, narrowed),
    ),
    attack("a refresh with the victim's token", 'a token of another user', INVALID, async () => {
      const token = target.victim.bearer.authorization.slice('Bearer '.length)
      return closeWords(await said(target, JSON.stringify({ id: 2, refresh: { token } })))
    }),
    attack('a refresh with a server key', 'which is of no user', INVALID, async () =>
      closeWords(await said(target, JSON.stringify({ id: 2, refresh: { token: SERVER_KEY } }))),
    ),
  ]
}

async function inside(
  target: Target,
  work: (rich: RichClient) => Promise<string>,
): Promise<string> {
  const rich = await connectRich(target.url, { token: await target.ticket(target.stranger) })
  const words = await work(rich)
  rich.client.ws.terminate()
  return words
}

function answerWords({ error, ...result }: Answer): string {
  return error ? `${error.code} ${error.message}` : Object.keys(result).join()
}

/** One ticket, shown by twenty connections at once, and then held by as many that stay open. */
function tickets(target: Target): Attack[] {
  return [
    attack('one ticket twenty times', 'twenty connect commands', '1 in, 19 of 109', async () => {
      const token = await target.ticket(target.stranger)
      const many = await Promise.all(Array.from({ length: 20 }, () => openRich(target.url)))
      const answers = await Promise.all(many.map((rich) => rich.ask('connect', { token })))
      const late = answers.filter(({ error }) => error?.code === 109).length
      for (const { client } of many) client.ws.terminate()
      await pause(200)
      return `${answers.filter(({ connect }) => connect).length} in, ${late} of 109`
    }),
    attack('sent in pieces of a byte', 'one command', 'connected', async () => {
      const token = await target.ticket(target.stranger)
      const client = await upgrade(target.url, PATH)
      const frame = clientFrame(json(JSON.stringify({ id: 1, connect: { token } })))
      for (const byte of frame) client.socket.write(Buffer.of(byte))
      await until(() => client.frames.length > 0 || client.ended)
      client.socket.destroy()
      const text = client.frames[0]?.payload.toString() ?? ''
      return text.includes('"connect":') ? 'connected' : `not connected: ${text}`
    }),
  ]
}
