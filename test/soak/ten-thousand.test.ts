// Ten thousand people in one room of one process, and one message for all of them.
import { connect as connectTcp, type Socket } from 'node:net'
import { test } from 'tap'
import { upgradeRequest } from '../support/client.ts'
import { call, cookieOf, PASSWORD } from '../support/people.ts'
import { addressOf, spawnServer } from '../support/server-process.ts'
import { UNLIMITED } from '../support/settings.ts'

const PEOPLE = 10_000
const AT_ONCE = 200

/** Opens one connection and resolves with everything that comes after the 101. */
async function enter(url: URL, request: string): Promise<{ socket: Socket; heard: () => string }> {
  const socket = connectTcp(Number(url.port), url.hostname)
  let text = ''
  socket.setEncoding('latin1')
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject)
    socket.on('data', (chunk: string) => {
      text += chunk
      if (!text.includes('\r\n\r\n')) return
      if (text.startsWith('HTTP/1.1 101 ')) resolve()
      else reject(new Error(text))
    })
    socket.write(request)
  })
  return { socket, heard: () => text.slice(text.indexOf('\r\n\r\n') + 4) }
}

test('10,000 connections hold on one process and all get one message', async (t) => {
  const env = { USHER_DATA: ':memory:' }
  const server = spawnServer({ env, cwd: t.testdir({}), rules: { limits: UNLIMITED } })
  t.teardown(() => server.end('SIGKILL'))
  const address = await addressOf(server)
  const credentials = { username: 'crowd', password: PASSWORD }
  await call(`${address}/accounts`, 'POST', { body: credentials })
  const { headers } = await call(`${address}/session`, 'POST', { body: credentials })
  const browser = { cookie: cookieOf(headers), origin: address }
  const request = upgradeRequest('/rooms/live:stadium', {
    Cookie: browser.cookie,
    Origin: browser.origin,
  })
  const people: Awaited<ReturnType<typeof enter>>[] = []
  t.teardown(() => {
    for (const { socket } of people) socket.destroy()
  })
  while (people.length < PEOPLE) {
    const some = Array.from({ length: AT_ONCE }, () => enter(new URL(address), request))
    people.push(...(await Promise.all(some)))
  }
  const room = await call(`${address}/rooms/live:stadium`, 'GET', { headers: browser })
  t.match(room.body, { members: PEOPLE, users: 1 })

  const all = people.map(
    ({ socket, heard }) =>
      new Promise<void>((resolve) => {
        socket.on('data', () => {
          if (heard() === '\x81\x05hello') resolve()
        })
      }),
  )
  await fetch(`${address}/rooms/live:stadium/messages`, {
    method: 'POST',
    headers: { ...browser, 'content-type': 'text/plain' },
    body: 'hello',
  })
  await Promise.all(all)
  t.pass('everybody heard it, whole and once')
})
