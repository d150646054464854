// Query parameters that an endpoint does not know.
import t from 'tap'
import { EVERY_SCOPE, startApp } from '../support/app.ts'
import { refused } from '../support/client.ts'
import { nothingLeft } from '../support/nothing-left.ts'
import { asServer, call } from '../support/people.ts'

const usher = await startApp(t, EVERY_SCOPE)
const { url } = usher
const ROOM = `${url}/rooms/chat:a`
const NAMED = { error: 'bad_request', code: 107, message: /\bwombat\b/ }

/** Where Prometheus and balancers ask, which may add parameters of their own. */
const OPEN = new Set(['/health/live', '/health/ready', '/metrics'])
/** Where SDKs come, which may add parameters too. */
const OF_SDKS = '/connection/'

t.test('[C176] every endpoint of the API refuses them, and names the first', async (t) => {
  const { body: description } = await call(`${url}/docs/json`, 'GET')
  const endpoints = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.keys(methods as object).map((method) => ({ path, method: method.toUpperCase() })),
  )
  t.ok(endpoints.length > 15)
  const refusing = endpoints.filter(({ path }) => !OPEN.has(path) && !path.startsWith(OF_SDKS))
  for (const { path, method } of refusing) {
    const filled = path.replace('{offset}', '1').replaceAll(/\{\w+\}/g, 'chat:a')
    const { status, body } = await call(`${url}${filled}?wombat=1&x=`, method, {
      headers: asServer,
    })
    t.match({ status, body }, { status: 400, body: NAMED }, `${method} ${path}`)
  }
})

t.test('[C176] handshakes and streams too, before a ticket is looked at', async (t) => {
  const upgrade = await refused(`${ROOM}?wombat=1&ticket=ut_x`)
  t.match(upgrade, { status: 400, body: NAMED })
  const headers = { ...asServer, accept: 'text/event-stream' }
  t.match(await call(`${ROOM}?wombat=1`, 'GET', { headers }), { status: 400, body: NAMED })
  await nothingLeft(usher.app)
})

t.test('[C176] pages, files and what monitoring asks for ignore them', async (t) => {
  for (const path of ['/', '/shared/style.css', '/docs', '/docs/json', ...OPEN]) {
    const { status } = await fetch(`${url}${path}?wombat=1&v=2`, { headers: asServer })
    t.equal(status, 200, path)
  }
})

t.test('[C1][C32] what may be a credential is not repeated', async (t) => {
  const secret = `ut_${'x'.repeat(51)}`
  const nameless = await call(`${ROOM}?${secret}`, 'GET', { headers: asServer })
  t.equal(nameless.status, 400)
  t.notMatch(JSON.stringify(nameless.body), /xxx/)
  const { body } = await call(`${ROOM}?token=${secret}`, 'GET', { headers: asServer })
  t.match(body, { message: /^token is not taken in this URL: use the Authorization header/ })
})
