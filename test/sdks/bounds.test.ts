// What is too much, or not of the protocol: what the SDKs are told, and whether they come back.
import t from 'tap'
import { connect } from '../support/client.ts'
import { person } from '../support/people.ts'
import { limited, UNLIMITED } from '../support/settings.ts'
import { byCookie, startScene } from './scene.ts'
import { SDKS, startSdk } from './sdks.ts'

const MESSAGE_BYTES = 16_384
const COMMAND_BYTES = 131_072
/** These SDKs take 1009 for an end that they may come back from. */
const COME_BACK = ['Go', 'Java']
const LIMITS = { ...UNLIMITED, messageBytes: MESSAGE_BYTES, commandBytes: COMMAND_BYTES }

const scene = await startScene(t, limited({ ...LIMITS, roomsPerConnection: 4 }))
const ann = await person(scene)

for (const sdk of SDKS) {
  t.test(sdk.title, async (t) => {
    const clients = startSdk(t, sdk)
    const client = await clients.open(byCookie(scene, ann))
    await client.connect()

    t.test('a message over the limit is refused, and the connection stays', async (t) => {
      const data = JSON.stringify('x'.repeat(MESSAGE_BYTES))
      await t.rejects(client.publish('chat:large', data), { code: 106 })
      await client.publish('chat:large', '1')
      t.same(client.endings(), [])
    })

    t.test('a room too many is refused, and the others stay', async (t) => {
      for (let at = 0; at < 4; at += 1) await client.subscribe(`chat:${at}`)
      await client.do('subscribe', { room: 'chat:one-too-many' })
      const refused = await client.hears({ event: 'unsubscribed', room: 'chat:one-too-many' })
      t.equal(refused.code, 106)
      await client.publish('chat:0', '"still here"')
      await client.hears({ event: 'message', room: 'chat:0' })
    })

    t.test('a frame over the limit ends the connection, and for some the client', async (t) => {
      const mark = client.heard.length
      const data = JSON.stringify('x'.repeat(COMMAND_BYTES))
      client.publish('chat:large', data).catch(() => undefined)
      if (COME_BACK.includes(sdk.language)) {
        t.match(await client.hears({ event: 'connecting' }, mark), { code: 3 })
        await client.hears({ event: 'connected' }, mark)
        await client.disconnect()
      } else {
        const { code } = await client.hears({ event: 'disconnected' }, mark)
        t.ok(code === 3 || code === 1009, `${code}`)
      }
    })
  })
}

t.test('what is not of the protocol closes with 3501', async (t) => {
  const socket = await connect(scene.socketUrl, { headers: ann.browser })
  socket.send('this is not JSON')
  t.match(await socket.closed, { code: 3501 })
})
