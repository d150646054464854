// Endings that meet a connection of many rooms in the middle of a command, at each step that waits:
// the client is out, and nothing of it is left.
import type { FastifyInstance } from 'fastify'
import { t as file, test } from 'tap'
import { type StartedApp, startApp } from '../support/app.ts'
import { nothingLeft } from '../support/nothing-left.ts'
import { type PausedCalls, pauseCalls } from '../support/paused-calls.ts'
import { asServer, call, type Person, person, ticketOf } from '../support/people.ts'
import { type Answer, connectRich, openRich, type RichClient } from '../support/rich-client.ts'

const ROOM = 'chat:a'

type Act = (usher: StartedApp, who: Person) => Promise<{ status: number }>

const server = (method: string, path: (user: string) => string): Act => {
  return ({ url }, { user }) => call(url + path(user), method, { headers: asServer })
}
const sendOut = server('DELETE', (user) => `/rooms/${ROOM}/members/${user}`)

const ACTS: Record<string, Act> = {
  '[C81] a ban': server('PUT', (user) => `/users/${user}/ban`),
  '[C82] a disconnect': server('DELETE', (user) => `/users/${user}/connections`),
  '[C15] a log-out': ({ url }, { bearer }) => call(`${url}/session`, 'DELETE', { headers: bearer }),
}

type Pause = (app: FastifyInstance) => PausedCalls
const PAUSES = {
  'while the right is looked up': ({ rooms }) => pauseCalls(rooms, 'permitted'),
  'while the room is opened': ({ engine }) => pauseCalls(engine.log, 'follow'),
  'while a ticket is looked at': ({ engine }) => pauseCalls(engine.tickets, 'read'),
  'while the ticket is used': ({ engine }) => pauseCalls(engine.tickets, 'redeem'),
  'while history is read': ({ engine }) => pauseCalls(engine.log, 'read'),
} as const satisfies Record<string, Pause>
type Moment = keyof typeof PAUSES

/** A client of this user's session in the app, and what it asks then. */
interface Asking {
  moments: readonly Moment[]
  prepare(usher: StartedApp, who: Person): Promise<[RichClient, string, object]>
}

async function inside(usher: StartedApp, { bearer }: Person): Promise<RichClient> {
  return connectRich(usher.url, { headers: bearer })
}

const ASKINGS: Record<string, Asking> = {
  'a connect command with a ticket': {
    moments: [
      'while a ticket is looked at',
      'while the room is opened',
      'while the ticket is used',
    ],
    prepare: async (usher, { bearer }) => {
      const token = await ticketOf(usher, bearer)
      return [await openRich(usher.url), 'connect', { token }]
    },
  },
  'a connect command after a handshake with a token': {
    moments: ['while the room is opened'],
    prepare: async ({ url }, { bearer }) => [
      await openRich(url, { headers: bearer }),
      'connect',
      {},
    ],
  },
  'a subscribe command': {
    moments: ['while the right is looked up', 'while the room is opened', 'while history is read'],
    prepare: async (usher, who) => {
      const body = { channel: ROOM, recover: true, epoch: '' }
      return [await inside(usher, who), 'subscribe', body]
    },
  },
  'a subscribe command with a ticket': {
    moments: ['while a ticket is looked at', 'while the room is opened'],
    prepare: async (usher, who) => {
      const token = await ticketOf(usher, who.bearer, { rooms: [ROOM] })
      return [await inside(usher, who), 'subscribe', { channel: ROOM, token }]
    },
  },
  'a refresh command': {
    moments: ['while a ticket is looked at', 'while the ticket is used'],
    prepare: async (usher, who) => {
      const token = await ticketOf(usher, who.bearer)
      return [await inside(usher, who), 'refresh', { token }]
    },
  },
  'a history command': {
    moments: ['while the right is looked up', 'while history is read'],
    prepare: async (usher, who) => {
      return [await inside(usher, who), 'history', { channel: ROOM, limit: -1 }]
    },
  },
}

/** The code of its close, or of the refusal after which an SDK leaves and asks for a ticket. */
function ending(rich: RichClient, asked: Promise<Answer>): Promise<number> {
  const refused = asked.then(({ error }) => error?.code ?? rich.closed.then(({ code }) => code))
  return Promise.race([rich.closed.then(({ code }) => code), refused])
}

const usher = await startApp(file)
await call(`${usher.url}/rooms/${ROOM}/messages`, 'POST', { headers: asServer, body: { n: 1 } })

for (const [act, happen] of Object.entries(ACTS)) {
  for (const [asking, { moments, prepare }] of Object.entries(ASKINGS)) {
    for (const moment of moments) {
      test(`[S18] ${act} meets ${asking} ${moment}`, async (t) => {
        const ann = await person(usher)
        const [rich, command, body] = await prepare(usher, ann)
        const paused = PAUSES[moment](usher.app)
        const ended = ending(rich, rich.ask(command, body))
        await paused.reached
        t.equal((await happen(usher, ann)).status, 204)
        paused.release()
        paused.restore()
        const code = await ended
        t.ok([109, 3500, 3503].includes(code), `it ended with ${code}`)
        await rich.client.close()
        await nothingLeft(usher.app)
      })
    }
  }
}

for (const asking of ['a subscribe command', 'a subscribe command with a ticket']) {
  const { moments, prepare } = ASKINGS[asking] as Asking
  for (const moment of moments) {
    test(`[C84] being sent out meets ${asking} ${moment}`, async (t) => {
      const ann = await person(usher)
      const [rich, command, body] = await prepare(usher, ann)
      const paused = PAUSES[moment](usher.app)
      const answer = rich.ask(command, body)
      await paused.reached
      t.equal((await sendOut(usher, ann)).status, 204)
      paused.release()
      paused.restore()
      t.match(await answer, { error: { code: 103 } })
      await rich.client.close()
      await nothingLeft(usher.app)
    })
  }
}

test('[C23] of twenty connect commands with one ticket exactly one succeeds', async (t) => {
  const ann = await person(usher)
  const token = await ticketOf(usher, ann.bearer)
  const all = await Promise.all(Array.from({ length: 20 }, () => openRich(usher.url)))
  const answers = await Promise.all(all.map((rich) => rich.ask('connect', { token })))
  t.equal(answers.filter(({ connect }) => connect !== undefined).length, 1)
  t.equal(answers.filter(({ error }) => error?.code === 109).length, 19)
  await Promise.all(all.map(({ client }) => client.close()))
  await nothingLeft(usher.app)
})
