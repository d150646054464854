// 128 rooms on one connection: after a restart of the server each of them has all that it missed.
import t, { type Test } from 'tap'
import { SERVER_KEY } from '../support/app.ts'
import { cutProxy } from '../support/cut-proxy.ts'
import { asServer, call } from '../support/people.ts'
import type { Program } from '../support/program.ts'
import { addressOf, spawnServer } from '../support/server-process.ts'
import { isShort, say } from './scene.ts'
import { SDKS, startSdk } from './sdks.ts'

const ROOMS = Array.from({ length: 128 }, (_, at) => `chat:room-${at}`)
/** Of the server key alone no limit is asked. */
const RULES = { limits: { handshakesPerSecond: null } }

interface Running {
  program: Program
  url: string
}

/** The real process, on the folder of the test. */
async function start(t: Test): Promise<Running> {
  const env = { USHER_DATA: `${t.testdirName}/data`, USHER_API_KEYS: `backend:${SERVER_KEY}` }
  const program = spawnServer({ env, cwd: t.testdirName, rules: RULES })
  t.teardown(() => program.end('SIGKILL'))
  return { program, url: await addressOf(program) }
}

async function sayEverywhere(server: Running, at: number): Promise<void> {
  const body = ROOMS.map((room) => ({ room, data: { at } }))
  const { status } = await call(`${server.url}/messages`, 'POST', { headers: asServer, body })
  if (status !== 200) await Promise.all(ROOMS.map((room) => say(server, room, { at })))
}

const SIGNALS = isShort ? (['SIGKILL'] as const) : (['SIGTERM', 'SIGKILL'] as const)

for (const sdk of SDKS) {
  for (const signal of SIGNALS) {
    t.test(`${sdk.title}: 128 rooms are recovered after ${signal}`, async (t) => {
      t.testdir({})
      let server = await start(t)
      const proxy = await cutProxy(t, server.url)
      const clients = startSdk(t, sdk)
      const ticket = async () => {
        const body = { user: 'ann' }
        return (await call(`${server.url}/tickets`, 'POST', { headers: asServer, body })).body
          .ticket
      }
      const url = `ws://${proxy.url}/connection/websocket`
      const client = await clients.open({ url }, ticket)
      await client.connect()
      await Promise.all(ROOMS.map((room) => client.subscribe(room, { recoverable: true })))
      await sayEverywhere(server, 1)
      await Promise.all(ROOMS.map((room) => client.hears({ event: 'message', room })))
      const mark = client.heard.length
      await server.program.end(signal)
      // The client comes back only when there is something that it missed.
      server = await start(t)
      await sayEverywhere(server, 2)
      proxy.pointTo(Number(new URL(server.url).port))
      await Promise.all(
        ROOMS.map((room) => client.hears({ event: 'message', room, data: '{"at":2}' }, mark)),
      )
      const back = client.heard.slice(mark).filter(({ event }) => event === 'subscribed')
      const recovered = back.filter((one) => one.recovered && ROOMS.includes(one.room ?? ''))
      t.equal(recovered.length, ROOMS.length)
      t.equal(client.of('message').length, 2 * ROOMS.length)
      t.same(client.endings(), [])
      await client.disconnect()
    })
  }
}
