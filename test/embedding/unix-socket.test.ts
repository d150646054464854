// Clients that have no address: on a Unix socket, and those that `injectWS` makes. Every endpoint
// works for them, and none tells of the inside.
import { request as ask } from 'node:http'
import { join, relative } from 'node:path'
import websocket from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import { type Test, test } from 'tap'
import WebSocket from 'ws'
import { websocketOptions } from '../../src/index.ts'
import { startApp } from '../support/app.ts'
import { Client } from '../support/client.ts'
import { asServer } from '../support/people.ts'
import { makeHost } from './host.ts'

const ROOM = '/rt/rooms/chat:a'
const JSON_BODY = { 'content-type': 'application/json' }
const LOG_IN = { username: 'ann', password: 'correct horse', client: 'app' }

interface Asked {
  method?: string
  path: string
  headers?: Record<string, string>
  body?: unknown
  status: number
}

const REQUESTS: Readonly<Record<string, Asked>> = {
  'the state of a room': { path: ROOM, headers: asServer, status: 200 },
  'a stranger at a room': { path: ROOM, status: 401 },
  'a wrong token': { path: ROOM, headers: { authorization: 'Bearer x' }, status: 401 },
  history: { path: `${ROOM}/messages`, headers: asServer, status: 200 },
  publishing: { path: `${ROOM}/messages`, headers: asServer, body: 'hello', status: 201 },
  'signing up': {
    path: '/rt/accounts',
    body: { username: 'ann', password: 'correct horse' },
    status: 201,
  },
  'logging in': { path: '/rt/session', body: LOG_IN, status: 200 },
  'a wrong password': {
    path: '/rt/session',
    body: { ...LOG_IN, password: 'wrong horse' },
    status: 401,
  },
  'a ticket': { path: '/rt/tickets', headers: asServer, body: { user: 'ann' }, status: 201 },
  health: { path: '/rt/health/ready', status: 200 },
  metrics: { path: '/rt/metrics', headers: asServer, status: 200 },
  'the page': { path: '/rt/', status: 200 },
  'no path of ours': { path: '/rt/nothing', status: 404 },
}

/** The status of an answer, of which a stream sends no end. */
function statusOf(socketPath: string, asked: Omit<Asked, 'status'>): Promise<number | undefined> {
  const { path, body, method = body === undefined ? 'GET' : 'POST', headers } = asked
  const all = { ...headers, ...(body === undefined ? {} : JSON_BODY) }
  return new Promise((resolve, reject) => {
    const asking = ask({ socketPath, path, method, headers: all, agent: false }, (answer) => {
      resolve(answer.statusCode)
      answer.destroy()
    })
    asking.on('error', reject)
    asking.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

async function opened(ws: WebSocket): Promise<Client> {
  const client = new Client(ws)
  await new Promise<void>((resolve, reject) => {
    ws.once('open', resolve)
    ws.once('error', reject)
  })
  return client
}

test('[S52] every endpoint works on a Unix socket', async (t) => {
  // The system takes no long paths.
  const folder = relative(process.cwd(), t.testdir())
  for (const trustProxy of [false, true]) {
    const app = await makeHost(t, { server: { trustProxy } })
    const path = join(folder, String(trustProxy))
    await app.listen({ path })
    for (const [what, asked] of Object.entries(REQUESTS)) {
      t.equal(await statusOf(path, asked), asked.status, what)
    }
    const stream = { path: ROOM, headers: { ...asServer, accept: 'text/event-stream' } }
    t.equal(await statusOf(path, stream), 200, 'an event stream')
    const headers = { ...asServer, 'x-forwarded-for': '192.0.2.7' }
    const client = await opened(new WebSocket(`ws+unix:${path}:${ROOM}`, { headers }))
    client.send('hello')
    t.equal(await client.text(), 'hello')
    await client.close()
    const stranger = opened(new WebSocket(`ws+unix:${path}:${ROOM}`))
    await t.rejects(stranger, /Unexpected server response: 401/)
  }
})

async function injected(t: Test, app: FastifyInstance, prefix: string): Promise<void> {
  await app.ready()
  const path = `${prefix}/rooms/chat:a`
  const client = new Client(await app.injectWS(path, { headers: asServer }))
  client.send('hello')
  t.equal(await client.text(), 'hello')
  t.same(await client.close(), { code: 1000, reason: 'done' })
  await t.rejects(app.injectWS(path), /Unexpected server response: 401/)
  await t.rejects(app.injectWS(`${prefix}/nothing`), /Unexpected server response: 404/)
  const waiting = new Client(await app.injectWS(`${path}?auth=message`))
  waiting.send('{"token": "x"}')
  t.match(await waiting.closed, { code: 3500 })
}

test('[C40] `injectWS` joins a room, in an application and in the service by itself', async (t) => {
  const before = (app: FastifyInstance) => app.register(websocket, { options: websocketOptions() })
  await injected(t, await makeHost(t, { before }), '/rt')
  await injected(t, (await startApp(t)).app, '')
})
