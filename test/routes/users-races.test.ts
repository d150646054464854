// Bans, revocations and other endings that meet a user halfway through connecting: the user does
// not stay connected.
import type { FastifyInstance } from 'fastify'
import { t as file, type Test, test } from 'tap'
import { type StartedApp, startApp } from '../support/app.ts'
import { type Client, connect, refused } from '../support/client.ts'
import { nothingLeft } from '../support/nothing-left.ts'
import { type PausedCalls, pauseCalls } from '../support/paused-calls.ts'
import { asServer, call, PASSWORD, type Person, person, ticketOf } from '../support/people.ts'
import { ruled } from '../support/settings.ts'

const ROOM = '/rooms/chat:a'

type Act = (usher: StartedApp, who: Person) => Promise<{ status: number }>

const server = (method: string, path: (user: string) => string): Act => {
  return ({ url }, { user }) => call(url + path(user), method, { headers: asServer })
}
const ban = server('PUT', (user) => `/users/${user}/ban`)
const disconnect = server('DELETE', (user) => `/users/${user}/connections`)

/** Endings that may meet a user who is connecting. */
const ACTS: Record<string, Act> = {
  '[C81] a ban': ban,
  '[C82] a disconnect': disconnect,
  '[C82] a revocation': server('DELETE', (user) => `/users/${user}/connections?revoke`),
  '[C84] being sent out': server('DELETE', (user) => `${ROOM}/members/${user}`),
  '[C15] a log-out': ({ url }, { bearer }) => call(`${url}/session`, 'DELETE', { headers: bearer }),
  '[C18] a new password': ({ url }, { browser }) => {
    const body = { password: PASSWORD, newPassword: 'staple battery horse' }
    return call(`${url}/account/password`, 'PUT', { headers: browser, body })
  },
  '[C121] a log-out everywhere': ({ url }, { browser }) =>
    call(`${url}/sessions`, 'DELETE', { headers: browser }),
  '[C121] a deleted account': ({ url }, { browser }) =>
    call(`${url}/account`, 'DELETE', { headers: browser }),
}

/** The step at which connecting is paused, after the identity was proved. */
const MOMENTS: Record<string, (app: FastifyInstance) => PausedCalls> = {
  'before the room is open': ({ engine }) => pauseCalls(engine.log, 'follow'),
  'before the ticket is used': ({ engine }) => pauseCalls(engine.tickets, 'redeem'),
}

/** Ways to connect with the app's session. Each gives the status or close code of its end. */
const WAYS: Record<string, (usher: StartedApp, who: Person) => Promise<() => Promise<number>>> = {
  token: async ({ url }, { bearer }) => {
    return () => ending(connect(url + ROOM, { headers: bearer }))
  },
  ticket: async (usher, { bearer }) => {
    const ticket = await ticketOf(usher, bearer)
    return () => ending(connect(`${usher.url}${ROOM}?ticket=${ticket}`))
  },
  'first message': async (usher, { bearer }) => {
    const ticket = await ticketOf(usher, bearer)
    const client = await connect(`${usher.url}${ROOM}?auth=message`)
    return () => {
      client.send(JSON.stringify({ ticket }))
      return ending(Promise.resolve(client))
    }
  },
}

async function ending(connecting: Promise<Client>): Promise<number> {
  try {
    return (await (await connecting).closed).code
  } catch (error) {
    return Number(/\d{3}$/.exec(String(error))?.[0])
  }
}

/** Another member gets nothing from the client that was kept out. */
async function checkUnheard(t: Test, { url, app }: StartedApp): Promise<void> {
  const listener = await connect(url + ROOM, { headers: asServer })
  listener.send('fine')
  t.equal(await listener.text(), 'fine')
  await listener.close()
  await nothingLeft(app)
}

interface Meeting {
  happen: Act
  pause: (app: FastifyInstance) => PausedCalls
  prepare: (usher: StartedApp, who: Person) => Promise<() => Promise<number>>
}

/** Every ending, at every step of every way to connect. */
const MEETINGS: [string, Meeting][] = Object.entries(ACTS).flatMap(([act, happen]) =>
  Object.entries(MOMENTS).flatMap(([moment, pause]) =>
    Object.entries(WAYS)
      .filter(([way]) => way !== 'token' || moment === 'before the room is open')
      .map(([way, prepare]): [string, Meeting] => [
        `${act} meets a ${way} ${moment}`,
        { happen, pause, prepare },
      ]),
  ),
)

/** Each of the meetings is another user's, and leaves nothing. */
const usher = await startApp(file)

for (const [meeting, { happen, pause, prepare }] of MEETINGS) {
  test(`[C80] [S18] ${meeting}`, async (t) => {
    const ann = await person(usher)
    const enter = await prepare(usher, ann)
    const paused = pause(usher.app)
    const entering = enter()
    await paused.reached
    t.equal((await happen(usher, ann)).status, 204)
    paused.release()
    const code = await entering
    paused.restore()
    t.ok([401, 3500, 3503].includes(code), `it ended with ${code}`)
    await checkUnheard(t, usher)
  })
}

test('[C84] a user who is sent out of another room joins all the same', async (t) => {
  const usher = await startApp(t)
  const ann = await person(usher)
  const paused = pauseCalls(usher.app.engine.log, 'follow')
  const entering = connect(usher.url + ROOM, { headers: ann.bearer })
  await paused.reached
  const path = `${usher.url}/rooms/chat:b/members/${ann.user}`
  t.equal((await call(path, 'DELETE', { headers: asServer })).status, 204)
  paused.release()
  const client = await entering
  client.send('I am in')
  t.equal(await client.text(), 'I am in')
})

test('[C81] a ban of the user "null" meets no connection without a user id', async (t) => {
  const usher = await startApp(t, ruled({ match: '*', join: ['anyone'], publish: ['anyone'] }))
  const paused = pauseCalls(usher.app.engine.log, 'follow')
  const entering = [connect(usher.url + ROOM), connect(usher.url + ROOM, { headers: asServer })]
  await paused.reached
  t.equal((await call(`${usher.url}/users/null/ban`, 'PUT', { headers: asServer })).status, 204)
  paused.release()
  for (const client of await Promise.all(entering)) {
    client.send('I am in')
    t.equal(await client.text(), 'I am in')
    await client.close()
  }
})

test('[C82] a first message with a ticket from after a revocation joins', async (t) => {
  const usher = await startApp(t)
  const client = await connect(`${usher.url}${ROOM}?auth=message`)
  const path = `${usher.url}/users/acme:1/connections?revoke`
  t.equal((await call(path, 'DELETE', { headers: asServer })).status, 204)
  const ticket = await ticketOf(usher, asServer, { user: 'acme:1' })
  client.send(JSON.stringify({ ticket }))
  client.send('I am in')
  t.equal(await client.text(), 'I am in')
})

test('[C81] a log-in that meets a ban is a 401, at every step', async (t) => {
  const usher = await startApp(t)
  const { sessions, refreshTokens } = usher.app.engine
  for (const pause of [
    () => pauseCalls(sessions, 'create'),
    () => pauseCalls(refreshTokens, 'add'),
  ]) {
    const ann = await person(usher)
    const paused = pause()
    const body = { username: ann.username, password: PASSWORD, client: 'app' }
    const logIn = call(`${usher.url}/session`, 'POST', { body })
    await paused.reached
    await ban(usher, ann)
    paused.release()
    t.match(await logIn, { status: 401, body: { error: 'unauthorized' } })
  }
})

test('[C81] a refresh and a ticket order that meet a ban give nothing', async (t) => {
  const usher = await startApp(t)
  const { tickets, refreshTokens } = usher.app.engine
  const ann = await person(usher)
  const [issuing, rotating] = [pauseCalls(tickets, 'issue'), pauseCalls(refreshTokens, 'rotate')]
  const { bearer, refreshToken } = ann
  const ticket = call(`${usher.url}/tickets`, 'POST', { headers: bearer, body: {} })
  const given = call(`${usher.url}/tickets`, 'POST', {
    headers: asServer,
    body: { user: ann.user },
  })
  const refresh = call(`${usher.url}/session/refresh`, 'POST', { body: { refreshToken } })
  await Promise.all([issuing.reached, rotating.reached])
  await ban(usher, ann)
  issuing.release()
  rotating.release()
  t.equal((await ticket).status, 401)
  t.equal((await given).status, 403)
  t.equal((await refresh).status, 401)
  t.equal((await refused(usher.url + ROOM, { headers: bearer })).status, 401)
})
