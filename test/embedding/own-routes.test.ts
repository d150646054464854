// The identity behind a request at the application's own routes: app.usher.identify and
// app.usher.authenticate.
import { test } from 'tap'
import type { StartedApp } from '../support/app.ts'
import { asServer, call, person } from '../support/people.ts'
import { startHost } from './host.ts'

test('identify: the user at a route of the application’s own', async (t) => {
  const { app, url } = await startHost(t, {
    after: (app) =>
      app.get('/mine', async (request) => {
        const { proof, server, user } = await app.usher.identify(request)
        return { proof, server, user }
      }),
  })
  t.same((await call(`${url}/mine`, 'GET')).body, { proof: 'none', server: null, user: null })
  const { body } = await call(`${url}/mine`, 'GET', { headers: asServer })
  t.same(body, { proof: 'key', server: 'backend', user: null })
  t.equal((await call(`${url}/mine?ticket=x`, 'GET')).status, 400)
  t.ok(app.usher)
})

for (const hook of ['onRequest', 'preHandler'] as const) {
  test(`authenticate as ${hook} of a route of the application’s own`, async (t) => {
    const { app, url } = await startHost(t, {
      after: (app) =>
        app.get('/mine', { [hook]: app.usher.authenticate }, async ({ identity }) => {
          return { server: identity?.server, user: identity?.user }
        }),
    })
    const anonymous = await call(`${url}/mine`, 'GET')
    t.match(anonymous, { status: 401, body: { statusCode: 401, message: /^Log in/ } })
    const wrong = { authorization: 'Bearer wrong' }
    t.equal((await call(`${url}/mine`, 'GET', { headers: wrong })).status, 401)
    const { body } = await call(`${url}/mine`, 'GET', { headers: asServer })
    t.same(body, { server: 'backend', user: null })
    const ann = await person({ url: `${url}/rt`, keepSecret: () => undefined } as StartedApp)
    const { body: own } = await call(`${url}/mine`, 'GET', { headers: ann.bearer })
    t.same(own, { server: null, user: ann.user })
    t.equal(app.hasRequestDecorator('identity'), false, 'no name of the application is taken')
  })
}

test('authenticate leaves a request.identity of the application’s own alone', async (t) => {
  const { url } = await startHost(t, {
    before: (app) => app.decorateRequest('identity', { getter: () => 'theirs' as never }),
    after: (app) =>
      app.get('/mine', { onRequest: app.usher.authenticate }, async (request) => {
        const { server } = await app.usher.identify(request)
        return { identity: request.identity, server }
      }),
  })
  t.equal((await call(`${url}/mine`, 'GET')).status, 401)
  const { body } = await call(`${url}/mine`, 'GET', { headers: asServer })
  t.same(body, { identity: 'theirs', server: 'backend' })
})
