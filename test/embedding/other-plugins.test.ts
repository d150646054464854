// Other plugins of an application: they work as before, and Usher works beside them.
import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import jwt from '@fastify/jwt'
import files from '@fastify/static'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { test } from 'tap'
import { connect } from '../support/client.ts'
import { asServer, call, cookieOf, PASSWORD } from '../support/people.ts'
import { startHost } from './host.ts'

const CREDENTIALS = { username: 'ann', password: PASSWORD }

/** Signs up and logs in at our endpoints, and gives the cookies that the browser then has. */
async function loggedIn(base: string, origin: string): Promise<Record<string, string>> {
  await call(`${base}/accounts`, 'POST', { body: CREDENTIALS })
  const { headers, status } = await call(`${base}/session`, 'POST', { body: CREDENTIALS })
  if (status !== 200) throw new Error(`the log-in answers ${status}`)
  return { cookie: cookieOf(headers), origin }
}

for (const hook of ['onRequest', 'preHandler', false] as const) {
  test(`@fastify/cookie that reads ${hook || 'never'} by itself`, async (t) => {
    const before = async (app: FastifyInstance): Promise<void> => {
      const parseOptions = { path: '/mine', domain: 'example.com', signed: true, maxAge: 5 }
      await app.register(cookie, { secret: 'a secret of theirs', hook, parseOptions })
      app.get('/mine/set', async (_, reply) => reply.setCookie('mine', 'x').send('set'))
      app.get('/mine/got', async (request) => ({ cookies: request.cookies }))
    }
    const { url } = await startHost(t, { before })
    const set = await fetch(`${url}/mine/set`)
    t.match(set.headers.getSetCookie(), [/^mine=x\..*Max-Age=5; Domain=example\.com; Path=\/mine/])
    const session = `${url}/rt/session`
    await call(`${url}/rt/accounts`, 'POST', { body: CREDENTIALS })
    const answer = await call(session, 'POST', { body: CREDENTIALS })
    t.match(answer.headers.getSetCookie(), [
      /^usher=[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/,
    ])
    const headers = { cookie: `mine=x; ${cookieOf(answer.headers)}`, origin: url }
    t.match((await call(session, 'GET', { headers })).body, { username: 'ann' })
    t.equal((await (await connect(`${url}/rt/rooms/chat:a`, { headers })).close()).code, 1000)
    const got = (await call(`${url}/mine/got`, 'GET', { headers })).body
    t.match(got, { cookies: hook === false ? null : { mine: 'x' } })
    const out = await call(session, 'DELETE', { headers })
    t.match(out.headers.getSetCookie(), [/^usher=; Path=\/; Expires=Thu, 01 Jan 1970/])
  })
}

test('@fastify/cookie that is registered after Usher', async (t) => {
  const after = async (app: FastifyInstance): Promise<void> => {
    await app.register(cookie)
    app.get('/mine', async (request) => request.cookies)
  }
  const { url } = await startHost(t, { after })
  const headers = await loggedIn(`${url}/rt`, url)
  t.equal((await call(`${url}/rt/session`, 'GET', { headers })).status, 200)
  t.match((await call(`${url}/mine`, 'GET', { headers })).body, { usher: /./ })
})

for (const namespace of [undefined, 'mine']) {
  test(`@fastify/jwt ${namespace ? 'under a name' : 'without a name'}`, async (t) => {
    const before = async (app: FastifyInstance): Promise<void> => {
      const secret = 'another secret of theirs'
      await app.register(jwt, namespace ? { secret, namespace } : { secret })
      const { jwt: all } = app
      const mine = namespace ? (Reflect.get(all, namespace) as typeof all) : all
      app.get('/token', async () => ({ token: mine.sign({ sub: 'theirs' }) }))
      app.get('/mine', async (request: FastifyRequest) => {
        const verify = namespace ? Reflect.get(request, 'mineJwtVerify') : request.jwtVerify
        return verify.call(request)
      })
    }
    const { url } = await startHost(t, { before })
    const { token } = (await call(`${url}/token`, 'GET')).body
    const theirs = { authorization: `Bearer ${token}` }
    t.match((await call(`${url}/mine`, 'GET', { headers: theirs })).body, { sub: 'theirs' })
    const crossed = await call(`${url}/rt/session`, 'GET', { headers: theirs })
    t.match(crossed, { status: 401, body: { error: 'unauthorized' } }, 'theirs is not ours')
    await call(`${url}/rt/accounts`, 'POST', { body: CREDENTIALS })
    const app = await call(`${url}/rt/session`, 'POST', { body: { ...CREDENTIALS, client: 'app' } })
    const ours = { authorization: `Bearer ${app.body.accessToken}` }
    t.equal((await call(`${url}/rt/session`, 'GET', { headers: ours })).status, 200)
    t.equal((await call(`${url}/mine`, 'GET', { headers: ours })).status, 401, 'nor ours theirs')
  })
}

for (const when of ['before', 'after'] as const) {
  test(`@fastify/static that is registered ${when} Usher`, async (t) => {
    const root = t.testdir({ 'index.html': 'theirs', 'app.js': 'theirs', folder: { 'a.txt': 'a' } })
    const { url } = await startHost(t, {
      [when]: async (app: FastifyInstance) => {
        await app.register(files, { root })
        app.get('/sent', (_, reply) => reply.sendFile('folder/a.txt'))
      },
    })
    const text = async (path: string) => (await fetch(url + path)).text()
    t.equal(await text('/'), 'theirs')
    t.equal(await text('/app.js'), 'theirs')
    t.equal(await text('/sent'), 'a')
    t.match(await text('/rt/'), /<title>Usher<\/title>/)
    t.match(await text('/rt/chat/app.js'), /import/)
    t.equal((await fetch(`${url}/rt/README.md`)).status, 404)
    t.match(await text('/rt/docs/json'), /"openapi":"3\.1\.0"/)
  })
}

test('@fastify/helmet with rules of its own', async (t) => {
  const contentSecurityPolicy = { directives: { defaultSrc: ["'self'", 'mine.example.com'] } }
  const { url } = await startHost(t, {
    before: async (app) => {
      await app.register(helmet, { contentSecurityPolicy })
      app.get('/mine', async () => 'x')
    },
  })
  const policy = async (path: string) =>
    (await fetch(url + path)).headers.get('content-security-policy')
  t.match(await policy('/mine'), /mine\.example\.com/)
  t.match(await policy('/rt/'), /^default-src 'none';script-src 'self'/)
  t.notMatch(await policy('/rt/'), /mine\.example\.com/)
})

test('@fastify/cors: the application’s holds, and lets no foreign page use a cookie', async (t) => {
  const { url } = await startHost(t, {
    options: { origins: ['https://app.example.com'] },
    before: (app) => app.register(cors, { origin: true, credentials: true }),
    after: (app) => app.get('/mine', async () => 'x'),
  })
  const headers = await loggedIn(`${url}/rt`, url)
  const foreign = { ...headers, origin: 'https://evil.example' }
  const mine = await fetch(`${url}/mine`, { headers: foreign })
  t.equal(mine.headers.get('access-control-allow-origin'), 'https://evil.example')
  t.equal((await call(`${url}/rt/session`, 'GET', { headers: foreign })).status, 403)
  t.equal((await call(`${url}/rt/tickets`, 'POST', { headers: foreign })).status, 403)
  const listed = { ...headers, origin: 'https://app.example.com' }
  t.equal((await call(`${url}/rt/session`, 'GET', { headers: listed })).status, 200)
})

test('@fastify/swagger with its page: each describes its own routes alone', async (t) => {
  const { url, app } = await startHost(t, {
    before: async (app) => {
      await app.register(swagger, { openapi: { info: { title: 'Theirs', version: '1' } } })
      await app.register(swaggerUi, { routePrefix: '/documentation' })
      app.get('/mine', { schema: { response: { 200: { type: 'string' } } } }, async () => 'x')
    },
  })
  t.same(Object.keys(app.swagger().paths ?? {}), ['/mine'])
  const theirs = await (await fetch(`${url}/documentation/json`)).json()
  const ours = await call(`${url}/rt/docs/json`, 'GET')
  t.match(theirs, { info: { title: 'Theirs' } })
  t.match(ours.body, { info: { title: 'Usher' } })
  const outside = Object.keys(ours.body.paths).filter((path) => !path.startsWith('/rt/'))
  t.same(outside, [])
  for (const page of ['/documentation/', '/rt/docs/']) {
    t.match(await (await fetch(url + page)).text(), /swagger-ui/)
  }
  t.equal((await call(`${url}/rt/health/live`, 'GET', { headers: asServer })).status, 200)
})
