// The attributes of the cookie in each place, and the hooks that an embedder may use.
import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import type { Config } from '../../src/config/config.ts'
import { startApp, testConfig } from '../support/app.ts'
import { connect } from '../support/client.ts'
import { asServer, call, cookieOf, PASSWORD, person } from '../support/people.ts'

const TLS = { 'x-forwarded-proto': 'https' }
const CREDENTIALS = { username: 'ann', password: PASSWORD }

/** Signs up and logs in behind a proxy that ends TLS. */
async function behindTls(t: Test, overrides: Partial<Config>) {
  const usher = await startApp(t, { trustProxy: ['127.0.0.1'], ...overrides })
  const { url } = usher
  await call(`${url}/accounts`, 'POST', { body: CREDENTIALS, headers: TLS })
  const { headers } = await call(`${url}/session`, 'POST', { body: CREDENTIALS, headers: TLS })
  usher.keepSecret(cookieOf(headers).split('=')[1] ?? PASSWORD)
  return { url, headers }
}

for (const production of [true, false]) {
  const where = production ? 'in production' : 'in development behind TLS'
  t.test(`[C11] [S10] ${where} the cookie is __Host-usher and Secure`, async (t) => {
    const publicUrl = new URL('https://chat.example.com')
    const { url, headers } = await behindTls(t, { production, publicUrl, signup: 'open' })
    const [value, ...attributes] = (headers.getSetCookie()[0] ?? '').split('; ')
    t.match(value, /^__Host-usher=[\w-]{43}$/)
    const fixed = attributes.filter((attribute) => !attribute.startsWith('Expires='))
    t.same(fixed.sort(), ['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure'])
    const own = { ...TLS, cookie: cookieOf(headers), origin: publicUrl.origin }
    t.equal((await call(`${url}/session`, 'GET', { headers: own })).status, 200)
    t.equal((await (await connect(`${url}/rooms/a`, { headers: own })).close()).code, 1000)
    const out = await call(`${url}/session`, 'DELETE', { headers: own })
    t.match(out.headers.getSetCookie(), [/^__Host-usher=; .*Path=\/.*Secure/])
  })
}

t.test('[S10] over TLS a cookie without the __Host- prefix does not count', async (t) => {
  const { url, headers } = await behindTls(t, {})
  const cookie = cookieOf(headers).replace('__Host-', '')
  const own = { ...TLS, cookie, 'sec-fetch-site': 'same-origin' }
  t.equal((await call(`${url}/session`, 'GET', { headers: own })).status, 401)
})

t.test('the hooks give an embedder the identity behind a request', async (t) => {
  const app = await buildApp(testConfig())
  t.teardown(() => app.close())
  const identities: unknown[] = []
  app.get('/own', { onRequest: app.identify }, async (request) => {
    identities.push(app.identityOf(request))
    return { proof: request.identity?.proof }
  })
  app.get('/closed', { onRequest: app.authenticate }, async ({ identity }) => identity)
  app.get('/forgotten', async (request) => app.identityOf(request))
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  t.same((await call(`${url}/own`, 'GET')).body, { proof: 'none' })
  t.same((await call(`${url}/own`, 'GET', { headers: asServer })).body, { proof: 'key' })
  t.match(identities, [{ user: null }, { server: 'backend', user: null }])
  t.equal((await call(`${url}/closed`, 'GET')).status, 401)
  t.match(await call(`${url}/closed`, 'GET', { headers: asServer }), {
    status: 200,
    body: { server: 'backend' },
  })
  t.equal((await call(`${url}/forgotten`, 'GET')).status, 500, 'never open by mistake')
})

t.test('an identity says who and by what, and until when', async (t) => {
  const usher = await startApp(t)
  const ann = await person(usher)
  const { authenticator } = usher.app
  const token = ann.bearer.authorization.slice(7)
  const byToken = await authenticator.prove({ kind: 'bearer', token })
  const secret = ann.browser.cookie.split('=')[1] ?? ''
  const byCookie = await authenticator.prove({ kind: 'cookie', secrets: [secret] })
  t.match(byToken.identity, { proof: 'token', user: ann.user, server: null, rooms: null })
  t.match(byCookie.identity, { proof: 'cookie', user: ann.user, session: /^s_/ })
  t.not(byCookie.identity.session, byToken.identity.session)
  t.ok((byCookie.identity.expiresAt ?? 0) > Date.now())
})
