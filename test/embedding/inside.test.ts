// What an answer tells of the inside of a service: nothing, whatever fails, wherever it runs.
import { request as httpRequest } from 'node:http'
import { type Test, test } from 'tap'
import type { UsherOptions } from '../../src/index.ts'
import { connect, refused } from '../support/client.ts'
import { asServer, call } from '../support/people.ts'
import { until } from '../support/until.ts'
import { type HostSetup, keptLog, startHost } from './host.ts'

const INSIDE = 'connect ECONNREFUSED 10.7.7.7:5432 as root'

type Thrown = () => unknown

/** Errors as drivers, HTTP clients and plugins throw them, and values that are no errors at all. */
const THROWN: [what: string, thrown: Thrown][] = [
  ['a plain error', () => new Error(INSIDE)],
  ['an error with a status of 400', () => Object.assign(new Error(INSIDE), { statusCode: 400 })],
  ['one with a status of 403', () => Object.assign(new Error(INSIDE), { statusCode: 403 })],
  ['one with a status of 404', () => Object.assign(new Error(INSIDE), { statusCode: 404 })],
  ['one with a status of 503', () => Object.assign(new Error(INSIDE), { statusCode: 503 })],
  ['one with a status of 200', () => Object.assign(new Error(INSIDE), { statusCode: 200 })],
  ['one that is exposed by its 500', () => exposed(500)],
  ['a text', () => INSIDE],
  ['nothing', () => undefined],
  ['an object without a prototype', () => Object.assign(Object.create(null), { m: INSIDE })],
]

function exposed(statusCode: number): Error {
  return Object.assign(new Error(INSIDE), { statusCode, expose: true })
}

const rejecting = (thrown: Thrown) => async (): Promise<never> => {
  throw thrown()
}
const credulous: Pick<UsherOptions, 'identity'> = { identity: () => ({ user: 'ann' }) }

/** Every place where an application's code runs while Usher answers. */
const PLACES: [where: string, setUp: (thrown: Thrown) => HostSetup, path: string][] = [
  ['identity', (thrown) => ({ options: { identity: rejecting(thrown) } }), '/rooms/chat:a'],
  [
    'authorize',
    (thrown) => ({ options: { ...credulous, authorize: rejecting(thrown) } }),
    '/rooms/chat:a',
  ],
  ...(['onRequest', 'preHandler', 'preSerialization', 'onSend'] as const).map(
    (hook): (typeof PLACES)[number] => [
      `a hook of the application: ${hook}`,
      (thrown) => ({ before: (app) => app.addHook(hook, rejecting(thrown)) }),
      '/health/live',
    ],
  ),
]

for (const [where, setUp, path] of PLACES) {
  test(`[S52] an error of ${where} tells a client nothing of the inside`, async (t: Test) => {
    for (const [what, thrown] of THROWN) {
      const { url } = await startHost(t, setUp(thrown))
      const answer = await call(`${url}/rt${path}`, 'GET')
      const { body } = answer
      t.ok(answer.status >= 400, `${what}: ${answer.status}`)
      t.same(Object.keys(body), ['error', 'code', 'message'], what)
      t.notMatch(JSON.stringify([body, [...answer.headers]]), /10\.7|ECONN|root/, what)
    }
  })
}

test('[S52] a refused handshake tells nothing of the inside either', async (t) => {
  for (const [what, thrown] of THROWN) {
    const { url } = await startHost(t, { options: { identity: rejecting(thrown) } })
    const answer = await refused(`${url}/rt/rooms/chat:a`)
    t.notMatch(JSON.stringify(answer), /10\.7|ECONN|root/, what)
  }
})

test('[S52] what an application marks for clients reaches them', async (t) => {
  const sentence = 'Pay first, at /pay.'
  const forClients = () => Object.assign(new Error(sentence), { statusCode: 402, expose: true })
  const { url } = await startHost(t, {
    before: (app) => app.addHook('onRequest', rejecting(forClients)),
  })
  const { status, body } = await call(`${url}/rt/session`, 'GET')
  t.match({ status, ...body }, { status: 400, error: 'bad_request', message: sentence })
})

test('[S52] bytes that Node refuses by itself are answered without the inside', async (t) => {
  const { url } = await startHost(t)
  const answer = await new Promise<{ status: number; text: string }>((resolve) => {
    const asked = httpRequest(`${url}/rt/session`, { headers: { x: 'x'.repeat(20_000) } })
    asked.on('response', (response) => {
      let text = ''
      response.on('data', (chunk) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    asked.end()
  })
  t.ok(answer.status >= 400)
  t.notMatch(answer.text, /node:|\bat |stack|\.js|\.ts/)
})

test('[S52] [C88] an authorize that rejects is logged, at joining and at publishing', async (t) => {
  const log = keptLog()
  let isBroken = true
  const { url } = await startHost(t, {
    server: { logger: log.logger },
    options: {
      ...credulous,
      authorize: async (_, action) => {
        if (isBroken) throw Object.assign(new Error(`${INSIDE}: ${action}`), { statusCode: 403 })
        return true
      },
    },
  })
  const room = `${url}/rt/rooms/chat:a`
  const failures = () =>
    log
      .text()
      .split('\n')
      .filter((line) => line.includes('the authorize function failed'))
      .map((line) => JSON.parse(line) as { level: number; action: string; err: { type: string } })
  t.match(await refused(room, { headers: asServer }), { status: 500, body: { code: 100 } })
  await until(() => failures().length === 1)
  isBroken = false
  const client = await connect(room, { headers: asServer })
  isBroken = true
  client.send('the message itself')
  t.equal((await client.closed).code, 3004, 'come back')
  await until(() => failures().length === 2)
  const [joining, publishing] = failures()
  t.match(joining, { level: 50, action: 'join', err: { type: 'Error' } })
  t.match(publishing, { level: 50, action: 'publish', err: { type: 'Error' } })
  t.notMatch(log.text(), /the message itself/)
  t.notMatch(log.text(), /unforeseen error/, 'and logged once')
})
