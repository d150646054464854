// Refusals over HTTP: one shape, the right status, and no secret repeated.
import t from 'tap'
import { EVERY_SCOPE, startApp } from '../support/app.ts'
import { asServer, call } from '../support/people.ts'
import { rawRequest } from '../support/raw-client.ts'
import { until } from '../support/until.ts'

const usher = await startApp(t, { ...EVERY_SCOPE, trustProxy: ['127.0.0.1'] })
const { url } = usher
const json = { 'content-type': 'application/json' }
const LOG_IN = { username: 'nobody', password: 'wrong password' }

async function post(path: string, type: string, body: string, headers: object = asServer) {
  const all = { ...headers, 'content-type': type }
  const response = await fetch(`${url}${path}`, { method: 'POST', headers: all, body })
  return { status: response.status, body: await response.json() }
}

const SHAPE = { error: /^[a-z_]+$/, code: Number, message: /^.{8,}[^:]$/ }

for (const path of ['/session', '/accounts', '/tickets']) {
  t.test(`[C4] [S12] JSON that is called text/plain is a 415 at ${path}`, async (t) => {
    for (const type of ['text/plain', 'text/plain;charset=UTF-8', 'TEXT/PLAIN']) {
      const answer = await post(path, type, JSON.stringify(LOG_IN))
      t.match(answer, { status: 415, body: { error: 'unsupported_media_type', code: 107 } }, type)
    }
  })

  t.test(`[C4] other media types are a 415 at ${path}`, async (t) => {
    const types = ['application/x-www-form-urlencoded', 'application/jsonp', 'application/a+json']
    for (const type of [...types, 'multipart/form-data; boundary=x', 'nonsense']) {
      const answer = await post(path, type, '{}')
      t.match(answer, { status: 415, body: { error: 'unsupported_media_type', code: 107 } }, type)
    }
  })

  t.test(`[C4] [S26] an unknown field is a 400 at ${path}`, async (t) => {
    const answer = await post(path, 'application/json', JSON.stringify({ ...LOG_IN, admin: true }))
    t.match(answer, { status: 400, body: { error: 'bad_request', code: 107, message: /admin/ } })
  })

  t.test(`[C4] a body that is not JSON is a 400 at ${path}`, async (t) => {
    for (const body of ['{', '{"a":1}}', 'username=a', "{'a':1}", '\ufffe']) {
      const answer = await post(path, 'application/json', body)
      t.match(answer, { status: 400, body: { error: 'bad_request', code: 107 } })
    }
  })

  t.test(`[C4] JSON that is no object is a 400 at ${path}`, async (t) => {
    for (const body of ['[]', '"text"', '1', 'true']) {
      const answer = await post(path, 'application/json', body)
      t.match(answer, { status: 400, body: { error: 'bad_request', code: 107 } }, body)
    }
  })

  t.test(`[S26] prototype keys are a 400 at ${path}`, async (t) => {
    const validation = ['{"__proto__":{"a":1}}', '{"constructor":{"prototype":{"a":1}}}']
    const nested = '{"user":"u","info":{"__proto__":{"a":1}}}'
    for (const body of [...validation, nested]) {
      const answer = await post(path, 'application/json', body)
      t.match(answer, { status: 400, body: { error: 'bad_request', code: 107 } }, body)
    }
    t.equal(Object.getOwnPropertyDescriptor(Object.prototype, 'a'), undefined)
  })

  t.test(`[C4] a body over its bound is a 413 at ${path}`, async (t) => {
    const body = JSON.stringify({ ...LOG_IN, password: 'x'.repeat(2_000_000) })
    const answer = await post(path, 'application/json', body)
    t.match(answer, { status: 413, body: { error: 'too_large', code: 106 } })
  })
}

t.test('[C4] values are not coerced: a number is no string, a string no number', async (t) => {
  const number = { username: 1, password: 'password' }
  t.match(await call(`${url}/session`, 'POST', { body: number }), { status: 400 })
  const text = { user: 'u', ttl: '10' }
  const answer = await call(`${url}/tickets`, 'POST', { body: text, headers: asServer })
  t.match(answer, { status: 400, body: { message: /ttl/ } })
})

t.test('[C2] a path that does not exist is a 404, whatever the method', async (t) => {
  for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    const { status, body } = await call(`${url}/nowhere`, method)
    t.match({ status, ...body }, { status: 404, error: 'not_found', code: 104 }, method)
  }
})

t.test('[C1] every refusal has the same three fields and a sentence', async (t) => {
  const answers = [
    await call(`${url}/session`, 'GET'),
    await call(`${url}/session`, 'POST', { body: LOG_IN }),
    await call(`${url}/session`, 'POST', { body: {} }),
    await call(`${url}/session`, 'PUT'),
    await call(`${url}/rooms/${'x'.repeat(129)}`, 'GET', { headers: asServer }),
    await call(`${url}/rooms/${'x'.repeat(300)}`, 'GET', { headers: asServer }),
    await call(`${url}/rooms/a%20b`, 'GET', { headers: asServer }),
    await call(`${url}/%zz`, 'GET'),
    await call(`${url}/rooms/a?token=x`, 'GET'),
    await call(`${url}/session`, 'POST', { headers: json }),
  ]
  for (const { status, headers, body } of answers) {
    t.same(Object.keys(body).sort(), ['code', 'error', 'message'], `${status}`)
    t.match(body, SHAPE)
    t.match(headers.get('content-type'), /^application\/json/)
  }
})

t.test('[C3] a 401 says how to come in', async (t) => {
  const { status, headers } = await call(`${url}/session`, 'GET')
  t.equal(status, 401)
  t.equal(headers.get('www-authenticate'), 'Bearer')
})

t.test('[C1] [S9] a URL that cannot be read is a 400 that does not repeat it', async (t) => {
  const secret = 'ut_a-ticket-in-a-broken-url'
  usher.keepSecret(secret)
  const { status, body } = await call(`${url}/rooms/%zz?ticket=${secret}`, 'GET')
  t.match({ status, ...body }, { status: 400, error: 'bad_request', code: 107 })
  t.notMatch(JSON.stringify(body), /zz|ut_/)
})

t.test('[C1] [S9] an upgrade with such a URL is refused, and its socket ended', async (t) => {
  const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nHost: a\r\n\r\n'
  const client = await rawRequest(url, `GET /rooms/%zz?ticket=x HTTP/1.1\r\n${upgrade}`)
  t.equal(await client.status(), 400)
  await until(() => client.ended)
  t.match(JSON.parse(client.rest), { error: 'bad_request', code: 107 })
})

t.test('[C1] [S9] bytes that are not HTTP are answered in the same shape', async (t) => {
  const secret = 'a-token-in-a-broken-request'
  usher.keepSecret(secret, JSON.stringify([...Buffer.from(secret)]).slice(1, -1))
  const long = `X: ${'x'.repeat(20_000)}\r\n`
  for (const broken of ['Bad Header: x\r\n', long]) {
    const head = `GET / HTTP/1.1\r\nAuthorization: Bearer ${secret}\r\n`
    const client = await rawRequest(url, `${head}${broken}\r\n`)
    t.equal(await client.status(), 400)
    await until(() => client.ended)
    t.match(JSON.parse(client.rest), SHAPE)
  }
})

t.test('[S4] an X-Forwarded-For that is no address breaks nothing', async (t) => {
  for (const claimed of ['x, unknown', 'x, 192.0.2.1:80', '[::1]:80', ',,', 'x, , ::ffff:1']) {
    const headers = { ...asServer, 'x-forwarded-for': claimed }
    const { status } = await call(`${url}/rooms/chat:a`, 'GET', { headers })
    t.equal(status, 200, claimed)
  }
})

t.test('[S38] an unforeseen fault is a 500 that says nothing of itself', async (t) => {
  const { app, url } = await startApp(t)
  app.engine.log.summary = () => Promise.reject(new Error('the secret plan'))
  const { status, body } = await call(`${url}/rooms/chat:a`, 'GET', { headers: asServer })
  t.match({ status, ...body }, { status: 500, error: 'internal', code: 100 })
  t.notMatch(JSON.stringify(body), /plan/)
})

t.test('[C1] [C2] an expectation that cannot be met is a 400 with a sentence', async (t) => {
  const head = ['GET /health/live HTTP/1.1', 'Host: localhost', 'Expect: a-pony']
  const client = await rawRequest(url, [...head, 'Connection: close', '', ''].join('\r\n'))
  t.equal(await client.status(), 400)
  await until(() => client.ended)
  t.match(client.head, /\r\ncontent-length: \d+/i, 'so that the next answer is found')
  t.match(JSON.parse(client.rest), { error: 'bad_request', code: 107 })
})

t.test('[C1] [C2] a request that names no host is a 400 with a sentence', async (t) => {
  for (const path of ['/health/live', '/nowhere', '/rooms/chat:a']) {
    const client = await rawRequest(url, `GET ${path} HTTP/1.1\r\nConnection: close\r\n\r\n`)
    t.equal(await client.status(), 400)
    await until(() => client.ended)
    t.match(JSON.parse(client.rest), { error: 'bad_request', code: 107, message: /host/ })
  }
  const old = await rawRequest(url, 'GET /health/live HTTP/1.0\r\n\r\n')
  t.equal(await old.status(), 200, 'HTTP/1.0 has no such header')
})
