// Methods that a path does not take, with every method that Node reads.
import { METHODS } from 'node:http'
import { type Test, test } from 'tap'
import { startHost } from '../embedding/host.ts'
import { startApp } from '../support/app.ts'
import { asServer, call } from '../support/people.ts'
import { rawRequest } from '../support/raw-client.ts'
import { until } from '../support/until.ts'

/** Node hands it to a listener of its own, and Usher has none: the socket is ended. */
const OF_PROXIES = 'CONNECT'

async function ask(url: string, method: string, path: string) {
  const head = [`${method} ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close', '', '']
  const client = await rawRequest(url, head.join('\r\n'))
  const status = await client.status()
  await until(() => client.ended)
  const allow = /\r\nallow: ([^\r]*)/i.exec(client.head)?.[1] ?? null
  return { status, allow, body: method === 'HEAD' ? null : JSON.parse(client.rest || 'null') }
}

/** Paths below a prefix, and the methods that each takes. */
const PATHS: [path: string, allow: string][] = [
  ['/session', 'DELETE, GET, HEAD, POST'],
  ['/rooms', 'GET, HEAD'],
  ['/rooms/chat:a', 'DELETE, GET, HEAD'],
  ['/rooms/chat:a/messages', 'GET, HEAD, POST'],
  ['/rooms/chat:a/messages/7?x=y', 'DELETE'],
  ['/tickets', 'POST'],
  ['/health/live', 'GET, HEAD'],
  ['/docs/json', 'GET, HEAD'],
]

async function checkPaths(t: Test, url: string, prefix: string): Promise<void> {
  for (const [path, allow] of PATHS) {
    const others = METHODS.filter((name) => name !== OF_PROXIES && !allow.includes(name))
    for (const method of others) {
      const answer = await ask(url, method, prefix + path)
      t.match(answer, { status: 405, allow }, `${method} ${path}`)
      if (method === 'HEAD') continue
      t.match(answer.body, { error: 'method_not_allowed', code: 107 })
    }
  }
}

async function checkUnknown(t: Test, url: string, path: string): Promise<void> {
  for (const method of METHODS.filter((name) => name !== OF_PROXIES)) {
    const answer = await ask(url, method, path)
    t.match(answer, { status: 404, allow: null }, `${method} ${path}`)
    if (method !== 'HEAD') t.match(answer.body, { error: 'not_found', code: 104 })
  }
}

test('[C110] a method that a path does not take is a 405 that says which it takes', async (t) => {
  const { url } = await startApp(t)
  await checkPaths(t, url, '')
})

test('[C2] [C110] an unknown path is a 404, with every method that Node reads', async (t) => {
  const { url } = await startApp(t)
  for (const path of ['/nowhere', '/room', '/rooms/chat:a/nothing/7']) {
    await checkUnknown(t, url, path)
  }
})

test('[C110] [C86] below a prefix it is the same, and paths outside stay theirs', async (t) => {
  const { url } = await startHost(t, { after: (app) => app.get('/mine', async () => 'mine') })
  await checkPaths(t, url, '/rt')
  await checkUnknown(t, url, '/rt/nowhere')
  for (const path of ['/mine', '/session']) {
    const { status, body, allow } = await ask(url, 'TRACE', path)
    t.match({ status, body, allow }, { status: 404, allow: null, body: { statusCode: 404 } })
  }
})

test('[C110] it is refused before its body, whatever type that has', async (t) => {
  const { url } = await startApp(t)
  for (const method of ['QUERY', 'PATCH', 'PUT']) {
    const headers = { 'content-type': 'nonsense' }
    const { status } = await call(`${url}/session`, method, { headers, body: {} })
    t.equal(status, 405, method)
  }
})

test('[C110] a path that takes a method answers it as ever', async (t) => {
  const { url } = await startApp(t)
  const answer = await call(`${url}/rooms/chat:a`, 'GET', { headers: asServer })
  t.match([answer.status, answer.headers.get('allow')], [200, null])
})
