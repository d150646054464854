// Members of all wire formats in one room: what each of them says reaches the others by its kind.
import t, { type Test } from 'tap'
import { connect } from '../support/client.ts'
import { follow } from '../support/follow.ts'
import { asServer, call, person } from '../support/people.ts'
import { byCookie, startScene } from './scene.ts'
import type { SdkClient } from './sdk-client.ts'
import { SDKS, startSdk } from './sdks.ts'

const ROOM = 'chat:kinds'

const scene = await startScene(t)
const ann = await person(scene, 'Ann')
const options = { headers: { authorization: ann.bearer.authorization } }
const room = `${scene.url}/rooms/${ROOM}`

const clients: SdkClient[] = []
for (const sdk of SDKS.filter(({ language }) => language === 'JavaScript')) {
  const client = await startSdk(t, sdk).open(byCookie(scene, ann))
  await client.connect()
  await client.subscribe(ROOM)
  clients.push(client)
}
const [json, protobuf] = clients as [SdkClient, SdkClient]
const raw = await connect(room.replace('http', 'ws'), options)
const stream = await follow(`${room}?envelope=true`, options.headers)

/** What all members hear of one message. */
interface Heard {
  json: string
  protobuf: string
  /** The frame of a raw member, and whether it is text. */
  raw: [string, 'text' | 'binary']
  /** `kind` and `data` in the envelope of an event stream. */
  stream: [string, unknown]
}

let offset = 0

async function isHeard(t: Test, wanted: Heard): Promise<void> {
  offset += 1
  const match = { event: 'message', room: ROOM, offset }
  t.equal((await json.hears(match)).data, wanted.json)
  t.equal((await protobuf.hears(match)).data, wanted.protobuf)
  const { data, binary } = await raw.next()
  t.same([data.toString('latin1'), binary ? 'binary' : 'text'], wanted.raw)
  const [event] = await stream.data(1)
  const envelope = JSON.parse(event ?? '')
  t.same([envelope.kind, envelope.data], wanted.stream)
}

t.test('JSON of an SDK, of either format', async (t) => {
  for (const client of clients) {
    // A number that no double holds, and an order of keys.
    const text = '{"z":12345678901234567,"a":1.50}'
    if (client === protobuf) {
      await client.publish(ROOM, text)
      const wanted = { json: '{"z":12345678901234568,"a":1.5}', protobuf: text }
      const data = JSON.parse(text)
      await isHeard(t, { ...wanted, raw: [text, 'text'], stream: ['json', data] })
    } else {
      await client.publish(ROOM, '{"a":[1]}')
      const wanted = { json: '{"a":[1]}', protobuf: '{"a":[1]}' }
      await isHeard(t, { ...wanted, raw: ['{"a":[1]}', 'text'], stream: ['json', { a: [1] }] })
    }
  }
})

t.test('text of a raw member', async (t) => {
  raw.send('{"text":"that looks like JSON"}')
  const said = '{"text":"that looks like JSON"}'
  await isHeard(t, {
    ...{ json: JSON.stringify(said), protobuf: said, raw: [said, 'text'] },
    stream: ['text', said],
  })
})

t.test('bytes of a raw member, and of a member that speaks Protobuf', async (t) => {
  const bytes = Buffer.from('bytes \x01\x02')
  const base64 = bytes.toString('base64')
  const said = bytes.toString('latin1')
  const wanted: Heard = {
    ...{ json: JSON.stringify({ b64: base64 }), protobuf: said, raw: [said, 'binary'] },
    stream: ['binary', base64],
  }
  raw.send(bytes)
  await isHeard(t, wanted)
  await protobuf.publish(ROOM, said)
  await isHeard(t, wanted)
})

t.test('JSON over REST', async (t) => {
  await call(`${room}/messages`, 'POST', { headers: asServer, body: { by: 'REST' } })
  await isHeard(t, {
    ...{ json: '{"by":"REST"}', protobuf: '{"by":"REST"}', raw: ['{"by":"REST"}', 'text'] },
    stream: ['json', { by: 'REST' }],
  })
})

t.test('in their histories too', async (t) => {
  const kept = await json.history(ROOM, { limit: -1 })
  t.same(
    kept.messages.map(({ data }) => data),
    json.of('message').map(({ data }) => data),
  )
  const same = await protobuf.history(ROOM, { limit: -1 })
  t.same(
    same.messages.map(({ data }) => data),
    protobuf.of('message').map(({ data }) => data),
  )
})

t.test('all leave', async () => {
  for (const client of clients) await client.disconnect()
  stream.stop()
  await raw.close()
})
