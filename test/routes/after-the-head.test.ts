// Requests whose body comes after a log-out, a ban or another end of what their head proved: they
// have no effect.
import t, { test } from 'tap'
import { REPLY, Refusal } from '../../src/protocol/errors.ts'
import { EVERY_SCOPE, SERVER_KEY, type StartedApp, startOnManualClock } from '../support/app.ts'
import type { ManualClock } from '../support/manual-clock.ts'
import { documentOf, examplesOf, operationsOf } from '../support/openapi.ts'
import { asServer, call, PASSWORD, type Person, person, whoAmI } from '../support/people.ts'
import { limited } from '../support/settings.ts'
import { begin } from '../support/slow-body.ts'
import { setUp } from '../support/third-party-scene.ts'
import { until } from '../support/until.ts'

interface Scene {
  usher: StartedApp
  clock: ManualClock
  who: Person
}

interface Slow {
  method: string
  /** `MESSAGES` stands for those of the user's room. */
  path: string
  body: object
  status: number
}

const MESSAGES = 'MESSAGES'
const messagesOf = ({ user }: Person): string => `/rooms/chat:${user}/messages`
const NEW_PASSWORD = 'battery staple'

/** Every request of a user that has an effect, and the status of its success. */
const REQUESTS: Record<string, Slow> = {
  'a publish': { method: 'POST', path: MESSAGES, body: { said: 1 }, status: 201 },
  'a redaction': { method: 'DELETE', path: `${MESSAGES}/1`, body: {}, status: 204 },
  'a change of password': {
    method: 'PUT',
    path: '/account/password',
    body: { password: PASSWORD, newPassword: NEW_PASSWORD },
    status: 204,
  },
  'the removal of an account': { method: 'DELETE', path: '/account', body: {}, status: 204 },
  'a ticket': { method: 'POST', path: '/tickets', body: {}, status: 201 },
  'a log-out everywhere': { method: 'DELETE', path: '/sessions', body: {}, status: 204 },
}

type End = (scene: Scene) => Promise<{ status: number }>

/** Every way in which the session of the request ends. */
const ENDS: Record<string, End> = {
  'a log-out': ({ usher, who }) => call(`${usher.url}/session`, 'DELETE', { headers: who.bearer }),
  'a log-out everywhere': ({ usher, who }) =>
    call(`${usher.url}/sessions`, 'DELETE', { headers: who.browser }),
  'a change of password': ({ usher, who }) =>
    call(`${usher.url}/account/password`, 'PUT', {
      headers: who.browser,
      body: { password: PASSWORD, newPassword: 'another password' },
    }),
  'the removal of the account': ({ usher, who }) =>
    call(`${usher.url}/account`, 'DELETE', { headers: who.browser }),
  'a ban': ({ usher, who }) =>
    call(`${usher.url}/users/${who.user}/ban`, 'PUT', { headers: asServer }),
  'a revocation': ({ usher, who }) =>
    call(`${usher.url}/users/${who.user}/connections?revoke`, 'DELETE', { headers: asServer }),
}

/** A body comes at once, as most do, or later than a proof stays fresh. */
const PAUSES = { 'right behind it': 0, 'a second later': 1_000 }

/** Sends the head, and waits until what it shows is proved. */
async function headOf({ usher, who }: Scene, { method, path, body }: Slow) {
  const { authenticator } = usher.app
  const { prove } = authenticator
  let proved = 0
  authenticator.prove = async (credential) => {
    const claim = await prove.call(authenticator, credential)
    proved += 1
    return claim
  }
  const request = { method, headers: who.bearer, body: JSON.stringify(body) }
  const begun = await begin(usher.url, {
    ...request,
    path: path.replace(MESSAGES, messagesOf(who)),
  })
  await until(() => proved === 1)
  authenticator.prove = prove
  return begun
}

const limits = limited({ signUpsPerHourPerAddress: null, requestsPerSecondPerAddress: null })
const shared = await startOnManualClock(t, limits)

/** A user who has said something in a room of their own. */
async function start(): Promise<Scene> {
  const { usher, clock } = shared
  usher.keepSecret(NEW_PASSWORD)
  const who = await person(usher)
  const first = await call(usher.url + messagesOf(who), 'POST', { headers: who.bearer, body: {} })
  if (first.status !== 201) throw new Error('there is nothing to redact')
  return { usher, clock, who }
}

/** What the requests above would change. */
async function stateOf({ usher, who }: Scene): Promise<object> {
  const page = await call(usher.url + messagesOf(who), 'GET', { headers: asServer })
  const account = await usher.app.engine.accounts.byUser(who.user)
  return { messages: page.body.messages, password: account?.password }
}

for (const [what, slow] of Object.entries(REQUESTS)) {
  for (const [when, pauseMs] of Object.entries(PAUSES)) {
    test(`[S46] ${what} whose body comes ${when} has its effect`, async (t) => {
      const scene = await start()
      const begun = await headOf(scene, slow)
      await scene.clock.advance(pauseMs)
      t.equal(await begun.finish(), slow.status)
    })
    for (const [how, end] of Object.entries(ENDS)) {
      test(`[S46] ${what} whose body comes ${when}, after ${how}: none`, async (t) => {
        const scene = await start()
        const begun = await headOf(scene, slow)
        await scene.clock.advance(pauseMs)
        t.ok((await end(scene)).status < 300)
        const before = await stateOf(scene)
        t.equal(await begun.finish(), 401)
        t.same(await stateOf(scene), before)
      })
    }
  }
}

test('[S46] closed connections alone refuse no request under way', async (t) => {
  const scene = await start()
  const begun = await headOf(scene, REQUESTS['a publish'] as Slow)
  const { usher, who } = scene
  await call(`${usher.url}/users/${who.user}/connections`, 'DELETE', { headers: asServer })
  t.equal(await begun.finish(), 201)
})

test('[S46] a token of another issuer that runs out before the body comes is a 401', async (t) => {
  const { usher, clock, tokenOf } = await setUp(t)
  const authorization = `Bearer ${await tokenOf()}`
  const slow = REQUESTS['a publish'] as Slow
  const who = { bearer: { authorization } } as Person
  const begun = await headOf({ usher, clock, who }, slow)
  clock.jump(3_600_000)
  await clock.advance(1_000)
  t.equal(await begun.finish(), 401)
})

test('[S46] a server key stays good, for a batch and for a sign-up', async (t) => {
  const key = [{ name: 'all', key: SERVER_KEY, scopes: ['users', 'publish'] as const }]
  const { usher, clock } = await startOnManualClock(t, { serverKeys: key, signup: 'closed' })
  const who = { bearer: asServer } as Person
  const batch = { method: 'POST', path: '/messages', body: [{ room: 'chat:a', data: 1 }] }
  const signUp = { username: 'ann', password: PASSWORD }
  for (const [slow, status] of [
    [batch, 200],
    [{ method: 'POST', path: '/accounts', body: signUp }, 201],
  ] as const) {
    const begun = await headOf({ usher, clock, who }, { ...slow, status })
    await clock.advance(1_000)
    t.equal(await begun.finish(), status)
  }
})

test('[S46] what comes at once asks no store a second time', async (t) => {
  const { usher, who } = await start()
  const { sessions } = usher.app.engine
  const { byId } = sessions
  let reads = 0
  sessions.byId = (id) => {
    reads += 1
    return byId.call(sessions, id)
  }
  t.equal(
    (await call(usher.url + messagesOf(who), 'POST', { headers: who.bearer, body: {} })).status,
    201,
  )
  t.equal(reads, 1)
  t.equal(await whoAmI(usher, who.bearer), 200)
})

/**
 * What proves no identity before its body: a password, a token or a session's id is in that; a
 * stream of replies looks at the head when the body is there.
 */
const WITHOUT_IDENTITY = [
  ...['POST /session', 'POST /session/refresh', 'POST /emulation'],
  'POST /connection/http_stream',
]

test('[S46] every endpoint that takes a body proves its head again after it', async (t) => {
  const { usher, clock } = await startOnManualClock(t, EVERY_SCOPE)
  const { authenticator } = usher.app
  const { prove } = authenticator
  const taking = operationsOf(await documentOf(usher)).filter(({ method }) => method !== 'GET')
  for (const { method, path, requestBody } of taking) {
    if (WITHOUT_IDENTITY.includes(`${method} ${path}`)) continue
    const [body = {}] = examplesOf(requestBody?.content['application/json'] ?? {})
    const filled = path.replace('{room}', 'chat:a').replace(/\{\w+\}/, '1')
    const slow = { method, path: filled, body: body as object, status: 401 }
    const begun = await headOf({ usher, clock, who: { bearer: asServer } as Person }, slow)
    await clock.advance(1_000)
    authenticator.prove = () => Promise.reject(new Refusal(REPLY.unauthorized, 'No longer.'))
    t.equal(await begun.finish(), 401, `${method} ${path}`)
    authenticator.prove = prove
  }
  t.ok(taking.length > 10)
})
