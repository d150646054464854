// Receipts: floods of moves, rooms and users that are not theirs, companions without end, and what
// a person reads privately.
import { OPCODE } from '../../support/frames.ts'
import { call } from '../../support/people.ts'
import { type Answer, connectRich, type RichClient } from '../../support/rich-client.ts'
import { type Attack, attack, type Family } from '../attack.ts'
import { SERVER_KEY, type Target } from '../target.ts'
import { closeWords, pause, upgrade } from '../wire.ts'

const ROOM = 'marked:room'
const FRAME_BYTES = 262_144
const ASKED_AT_ONCE = 500
/** Requests at once: each has a TCP connection that stays open for a while. */
const AT_ONCE = 10
const asServer = { authorization: `Bearer ${SERVER_KEY}` }

export const receipts: Family = {
  title: 'receipts',
  homes: ['alone'],
  parts: [floods, ofOthers, farAway, companions, names, privately, crowds],
}

async function inside(
  target: Target,
  work: (rich: RichClient) => Promise<string>,
): Promise<string> {
  const rich = await connectRich(target.url, { token: await target.ticket(target.stranger) })
  try {
    return await work(rich)
  } finally {
    rich.client.ws.terminate()
  }
}

function move(rich: RichClient, moves: readonly object[]): Promise<Answer> {
  return rich.ask('rpc', { method: 'receipt', data: { moves } })
}

/** What became of each move, without the room that it names. */
function wordsOf({ error, rpc }: Answer): string {
  if (error) return `${error.code} ${error.message}`
  const moves = rpc.data.moves as { room: string }[]
  return [...new Set(moves.map(({ room: _, ...rest }) => JSON.stringify(rest)))].join(' or ')
}

/** Full calls in full frames, by one connection that reads no answer. */
function floods(target: Target): Attack[] {
  const kinds = { forbidden: 'locked:', ours: 'marked:flood', 'without receipts': 'kept:' }
  return Object.entries(kinds).map(([name, room]) =>
    attack(`calls of 256 moves, rooms ${name}`, '256 KB each', /^3013 |^3008 /, async () => {
      const token = await target.ticket(target.stranger)
      const client = await upgrade(target.url, '/connection/websocket')
      client.send({ opcode: OPCODE.text, payload: JSON.stringify({ id: 1, connect: { token } }) })
      await pause(100)
      const moves = Array.from({ length: 256 }, (_, n) => ({ room: `${room}${n}`, read: 1 }))
      const line = JSON.stringify({ id: 2, rpc: { method: 'receipt', data: { moves } } })
      const payload = `${line}\n`.repeat(Math.floor(FRAME_BYTES / (line.length + 1))).trimEnd()
      for (let frame = 0; frame < 20; frame += 1) client.send({ opcode: OPCODE.text, payload })
      return closeWords(client, 15_000)
    }),
  )
}

/** Of a room that is there and of one that is not the answer is the same (S32). */
function ofOthers(target: Target): Attack[] {
  const { victim, stranger, url } = target
  const rooms = [`user:${victim.user}`, 'locked:a', 'locked:none', `locked:a$receipts`, '__proto__']
  const status = async (method: string, path: string) =>
    String((await call(url + path, method, { headers: stranger.bearer })).status)
  return [
    attack('moves in rooms of others', rooms.join(', '), /^(?!.* or ).*"code":103/, () =>
      inside(target, async (rich) => wordsOf(await move(rich, rooms.map(reading)))),
    ),
    attack('another user into a room', 'PUT participants', '403', () =>
      status('PUT', `/rooms/${ROOM}/participants/${victim.user}`),
    ),
    attack('another user out of a room', 'DELETE participants', '403', () =>
      status('DELETE', `/rooms/${ROOM}/participants/${victim.user}`),
    ),
  ]
}

function reading(room: string): object {
  return { room, read: 1 }
}

function farAway(target: Target): Attack[] {
  const moves = (offset: unknown) => [{ room: 'marked:far', delivered: offset, read: offset }]
  const sent = (offset: unknown) => () =>
    inside(target, async (rich) => wordsOf(await move(rich, moves(offset))))
  const [most, refused] = [Number.MAX_SAFE_INTEGER, /^107 /]
  return [
    attack('the largest offset', String(most), '{"delivered":0,"read":0}', sent(most)),
    ...[most + 1, -1, 0.5, '1', [1], {}].map((offset) =>
      attack('what is no offset', JSON.stringify(offset), refused, sent(offset)),
    ),
  ]
}

function companions(target: Target): Attack[] {
  const join = (n: number) => ['subscribe', { channel: `marked:c${n}$receipts` }] as const
  return [
    attack('10,000 companions of one connection', 'joins', /^128 in, then 106,111$/, () =>
      inside(target, async (rich) => {
        const codes = new Set<number>()
        let inThem = 0
        for (let from = 0; from < 10_000 && !codes.has(111); from += ASKED_AT_ONCE) {
          const joins = Array.from({ length: ASKED_AT_ONCE }, (_, n) => join(from + n))
          for (const { error } of await Promise.all(rich.askAll(joins))) {
            if (error) codes.add(error.code)
            else inThem += 1
          }
        }
        return `${inThem} in, then ${[...codes].sort().join()}`
      }),
    ),
  ]
}

/** No name of a companion leads to a room, and none has receipts of its own. */
function names(target: Target): Attack[] {
  const odd = [
    '$receipts',
    '$receipts$receipts',
    '%24receipts',
    '$receipts ',
    '$Receipts',
    '＄receipts',
  ]
  return odd.map((end) =>
    attack('a move in a companion', `${ROOM}${end}`, /^\{"error":"(forbidden|not_available)"/, () =>
      inside(target, async (rich) => wordsOf(await move(rich, [reading(`${ROOM}${end}`)]))),
    ),
  )
}

/** The victim reads two messages privately; a stranger asks all that there is to ask. */
function privately(target: Target): Attack[] {
  const { url, victim, stranger } = target
  const room = 'marked:private'
  const path = `${url}/rooms/${room}`
  const moves = (body: object) => call(`${path}/receipts`, 'PUT', { headers: victim.bearer, body })
  return [
    attack('what is read privately', 'lists, numbers, sums', '[null], [], seen by 0', async () => {
      await moves({ delivered: 0 })
      const body = { hello: 1 }
      for (let n = 0; n < 2; n += 1) {
        await call(`${path}/messages`, 'POST', { headers: stranger.bearer, body })
      }
      await moves({ read: 2, private: true })
      const asked = await call(`${path}/receipts?offset=2`, 'GET', { headers: stranger.bearer })
      const { participants, readBy, deliveredTo, readByAll } = asked.body
      const channel = `${room}$receipts`
      const sums = await inside(target, async (rich) =>
        JSON.stringify((await rich.ask('subscribe', { channel })).subscribe.data.read),
      )
      const seen = [...readBy, ...deliveredTo, ...(readByAll === null ? [] : [readByAll])]
      const reads = JSON.stringify(participants.map(({ read }: { read: unknown }) => read))
      return `${reads}, ${sums}, seen by ${seen.length}`
    }),
  ]
}

/** A server key that was stolen, or an application gone wrong. */
function crowds(target: Target): Attack[] {
  const { url, short, stranger } = target
  const count = short ? 1_200 : 20_000
  const path = `${url}/rooms/marked:crowd`
  return [
    attack(
      `${count} invented users`,
      'PUT participants',
      'no list, 0 sums, all counted',
      async () => {
        for (let from = 0; from < count; from += AT_ONCE) {
          const some = Array.from(
            { length: AT_ONCE },
            (_, n) => `${path}/participants/u${from + n}`,
          )
          await Promise.all(some.map((one) => call(one, 'PUT', { headers: asServer })))
        }
        const { body } = await call(`${path}/receipts`, 'GET', { headers: stranger.bearer })
        const channel = 'marked:crowd$receipts'
        return inside(target, async (rich) => {
          const { data } = (await rich.ask('subscribe', { channel })).subscribe
          const isAll = data.participants === count ? 'all counted' : `${data.participants} counted`
          const sums = [data.joined, data.delivered, data.read].filter((one) => one !== null)
          return `${body.participants ? 'a' : 'no'} list, ${sums.length} sums, ${isAll}`
        })
      },
    ),
  ]
}
