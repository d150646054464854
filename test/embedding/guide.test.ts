// The samples of docs/embedding.md, run unchanged.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import { connect, refused } from '../support/client.ts'
import { call, PASSWORD } from '../support/people.ts'
import { until } from '../support/until.ts'

const GUIDE = join(import.meta.dirname, '..', '..', 'docs', 'embedding.md')
const PACKAGE = pathToFileURL(join(import.meta.dirname, '..', '..', 'src', 'index.ts')).href
const SAMPLES = [
  ...readFileSync(GUIDE, 'utf8').matchAll(/^## ([^\n]+)\n[^#]*?^```ts\n(.*?)^```$/gms),
]

interface Sample {
  app: FastifyInstance
  url: string
  seen: string[]
}

/** The sample under a heading; only the paths of the package and its data are replaced. */
async function run(t: Test, heading: string): Promise<Sample> {
  const [, , code = ''] = SAMPLES.find(([, title]) => title === heading) ?? []
  if (code === '') throw new Error(`there is no sample under ${heading}`)
  const folder = t.testdir({
    'sample.ts': code
      .replace("from 'fastify-usher'", `from '${PACKAGE}'`)
      .replace("'./data'", "':memory:'"),
  })
  const { app, seen = [] } = await import(pathToFileURL(join(folder, 'sample.ts')).href)
  t.teardown(() => app.close())
  return { app, seen, url: await app.listen({ host: '127.0.0.1', port: 0 }) }
}

test('there is a test for every sample', async (t) => {
  t.same(
    SAMPLES.map(([, title]) => title),
    [
      'Put it in',
      'Your own log-in',
      'Who may, what happens, and having a say',
      'Routes of your own',
      'WebSockets of your own',
    ],
  )
})

test('put it in', async (t) => {
  const { url } = await run(t, 'Put it in')
  t.same((await call(url, 'GET')).body, { mine: true })
  t.match(await (await fetch(`${url}/rt/`)).text(), /<title>Usher<\/title>/)
  t.equal((await fetch(`${url}/rt/docs/`)).status, 200)
  t.equal((await refused(`${url}/rt/rooms/chat:lobby`)).status, 401)
})

test('your own log-in', async (t) => {
  const { url } = await run(t, 'Your own log-in')
  const headers = { cookie: 'sid=s3cr3t', origin: url }
  const member = await connect(`${url}/rt/rooms/chat:a`, { headers })
  t.equal((await fetch(`${url}/logout`, { method: 'POST', headers })).status, 200)
  t.equal((await member.closed).code, 3503)
  t.equal((await refused(`${url}/rt/rooms/chat:a`, { headers })).status, 401)
})

test('who may, what happens, and having a say', async (t) => {
  const { url, seen, app } = await run(t, 'Who may, what happens, and having a say')
  const { ticket } = (await call(`${url}/tickets-of-mine`, 'POST')).body
  const ann = await connect(`${url}/rt/rooms/wall:ann?ticket=${ticket}`)
  ann.send('hello')
  t.equal(await ann.text(), 'hello')
  const order = await app.usher.issueTicket({ user: 'bob' })
  const bob = await connect(`${url}/rt/rooms/order:7?ticket=${order.ticket}`)
  for (let n = 0; n < 2; n += 1) await call(`${url}/orders/7/ship`, 'POST')
  t.equal(await bob.text(), '{"status":"shipped"}')
  bob.send('me too')
  t.equal((await bob.closed).code, 3507)
  await ann.close()
  await until(() => seen.length === 6)
  t.same(seen.slice(0, 4), [
    'ann came into wall:ann',
    'ann said text in wall:ann',
    'bob came into order:7',
    'null said json in order:7',
  ])
})

test('WebSockets of your own', async (t) => {
  const { url } = await run(t, 'WebSockets of your own')
  const mine = await connect(`${url}/echo`, { protocols: ['mine.v1'] })
  t.equal(mine.ws.protocol, 'mine.v1')
  mine.send('a')
  t.equal(await mine.text(), 'a')
  await mine.close()
  t.equal((await refused(`${url}/rt/rooms/chat:a`)).status, 401)
})

test('routes of your own', async (t) => {
  const { url } = await run(t, 'Routes of your own')
  const credentials = { username: 'ann', password: PASSWORD }
  await call(`${url}/rt/accounts`, 'POST', { body: credentials })
  const body = { ...credentials, client: 'app' }
  const { accessToken } = (await call(`${url}/rt/session`, 'POST', { body })).body
  const headers = { authorization: `Bearer ${accessToken}` }
  t.match((await call(`${url}/mine`, 'GET', { headers })).body, { user: /^u_/ })
  t.equal((await call(`${url}/mine`, 'GET')).status, 401)
  t.same((await call(`${url}/greeting`, 'GET')).body, { hello: 'stranger' })
})
