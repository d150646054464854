// Clients that are cut off at random moments, while messages are published: each message comes once
// and in its order. And clients that were away for longer than messages are kept.
import t from 'tap'
import { cutProxy } from '../support/cut-proxy.ts'
import { person } from '../support/people.ts'
import { cutsOf, heardOnce, talkOverCuts } from './random-cuts.ts'
import { byCookie, say, startScene, ticketsOf } from './scene.ts'
import type { SdkClient } from './sdk-client.ts'
import { SDKS, type Sdk, startSdk } from './sdks.ts'

const scene = await startScene(t)
const ann = await person(scene)

function cutsFor({ language }: Sdk): number {
  const isOurs = language === 'JavaScript'
  return cutsOf(isOurs ? { short: 50, full: 1_000 } : { short: 20, full: 200 })
}

/** What resolves at the next time that it has connected. */
async function nextConnected(client: SdkClient): Promise<() => Promise<unknown>> {
  const mark = client.heard.length
  return () => client.hears({ event: 'connected' }, mark)
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
    const said = await talkOverCuts(scene, {
      ...{ room, proxy, cuts: cutsFor(sdk), index },
      nextConnected: () => nextConnected(client),
    })
    await client.hears({ event: 'message', room, data: JSON.stringify({ said }) })
    t.comment(`${said} messages, ${client.of('connected').length} connections`)
    const numbers = client.of('message', room).map(({ data }) => JSON.parse(data ?? '').said)
    heardOnce(t, numbers, said)
    const back = client.of('subscribed', room).slice(1)
    t.same(
      back.filter(({ recovered }) => !recovered),
      [],
    )
    t.same(client.endings(), [])
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
