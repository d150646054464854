// Clients that are cut off at random moments, while messages are published: each message comes once
// and in its order. And 128 rooms on one connection, over a restart of the server.
import t, { type Test } from 'tap'
import { Dice } from '../support/dice.ts'
import { person } from '../support/people.ts'
import { type CutProxy, cutProxy } from './cut-proxy.ts'
import { byCookie, isShort, say, startScene, ticketsOf } from './scene.ts'
import type { SdkClient } from './sdk-client.ts'
import { SDKS, type Sdk, startSdk } from './sdks.ts'

const SEED = 13
/** The longest time between two cuts. */
const CUT_MS = 60
const EVERY_MS = 4

const scene = await startScene(t)
const ann = await person(scene)

function cutsFor({ language }: Sdk): number {
  if (isShort) return language === 'JavaScript' ? 50 : 20
  return language === 'JavaScript' ? 1_000 : 200
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))

/** Publishes without a pause until it is told to end; resolves with how many there were. */
function talk(room: string) {
  let isOver = false
  let said = 0
  const talking = (async () => {
    while (!isOver) {
      said += 1
      await scene.app.usher.publish(room, { said })
      await pause(EVERY_MS)
    }
    return said
  })()
  return {
    end: () => {
      isOver = true
      return talking
    },
  }
}

/** Cuts it so often; one time in four without a look at whether it is back. */
async function cutAtRandom(proxy: CutProxy, client: SdkClient, cuts: number, dice: Dice) {
  for (let round = 0; round < cuts; round += 1) {
    await pause(dice.below(CUT_MS))
    const mark = client.heard.length
    proxy.cut()
    // Else the next cut may come while it connects, or in the midst of what it missed.
    if (dice.below(4) > 0) await client.hears({ event: 'connected' }, mark)
  }
}

function check(t: Test, client: SdkClient, room: string, said: number): void {
  const numbers = client.of('message', room).map(({ data }) => JSON.parse(data ?? '').said)
  const heard = new Set(numbers)
  const lost = Array.from({ length: said }, (_, at) => at + 1).filter((at) => !heard.has(at))
  t.same(lost, [], 'none is lost')
  t.equal(numbers.length, said, 'none came twice')
  t.same(
    numbers,
    numbers.toSorted((one, next) => one - next),
    'in their order',
  )
  t.same(
    client
      .of('subscribed', room)
      .slice(1)
      .filter(({ recovered }) => !recovered),
    [],
  )
  t.same(client.endings(), [])
}

for (const [index, sdk] of SDKS.entries()) {
  t.test(`${sdk.title}: ${cutsFor(sdk)} cuts lose nothing and double nothing`, async (t) => {
    const clients = startSdk(t, sdk)
    const proxy = await cutProxy(t, scene.url)
    const url = `ws://${proxy.url}/connection/websocket`
    const clears = !sdk.lacks.includes('setToken')
    const options = { url, clears, minDelay: 5, maxDelay: 40 }
    const client = await clients.open(options, ticketsOf(scene, ann))
    await client.connect()
    const room = `chat:cut-${index}`
    await client.subscribe(room, { recoverable: true })
    const talking = talk(room)
    await cutAtRandom(proxy, client, cutsFor(sdk), new Dice(SEED, index))
    const said = await talking.end()
    await client.hears({ event: 'message', room, data: JSON.stringify({ said }) })
    t.comment(`${said} messages, ${client.of('connected').length} connections`)
    check(t, client, room, said)
    await client.disconnect()
  })

  t.test(`${sdk.title}: is told that what it missed is no longer kept`, async (t) => {
    const clients = startSdk(t, sdk)
    const proxy = await cutProxy(t, scene.url)
    const url = `ws://${proxy.url}/connection/websocket`
    const client = await clients.open({ ...byCookie(scene, ann), url })
    await client.connect()
    const room = `short:${index}`
    await say(scene, room, { at: 1 })
    await client.subscribe(room, { recoverable: true })
    await say(scene, room, { at: 2 })
    await client.hears({ event: 'message', room, offset: 2 })
    const mark = client.heard.length
    await client.disconnect()
    for (let at = 3; at <= 6; at += 1) await say(scene, room, { at })
    await client.connect()
    const again = await client.hears({ event: 'subscribed', room }, mark)
    t.match(again, { wasRecovering: true, recovered: false })
    await say(scene, room, { at: 7 })
    await client.hears({ event: 'message', room, offset: 7 }, mark)
    await client.disconnect()
  })
}
