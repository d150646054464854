// A message that is not kept, in a room that keeps the others.
import t from 'tap'
import { NO_HOLDER } from '../../src/engine/shares.ts'
import type { Draft } from '../../src/protocol/message.ts'
import { startApp } from '../support/app.ts'
import { connect } from '../support/client.ts'
import { follow } from '../support/follow.ts'
import { asServer } from '../support/people.ts'
import { OFFSETS, offsetsIn } from '../support/replies.ts'
import { userOf } from '../support/test-rooms.ts'

const { app, url } = await startApp(t)
const ann = userOf('ann')
const ROOM = 'chat:a'

function publish(text: string, more: Partial<Draft> = {}, key: string | null = null) {
  const said = { kind: 'text', payload: Buffer.from(text), user: null, name: null } as const
  const sender = { identity: ann, address: null }
  return app.rooms.publish(ROOM, sender, { ...said, origin: null, ...more }, key)
}

t.test('members get it with the others, and history has no place for it', async (t) => {
  const raw = await connect(`${url}/rooms/${ROOM}`, { headers: asServer })
  const stream = await follow(`${url}/rooms/${ROOM}`, asServer)
  await publish('one')
  const typing = await publish('typing', { ephemeral: true })
  t.equal(typing.position, null)
  await publish('two')
  t.same([await raw.text(), await raw.text(), await raw.text()], ['one', 'typing', 'two'])
  const request = { limit: null, since: null, isReverse: false, holder: NO_HOLDER }
  const { items } = await app.rooms.history(ROOM, ann, { ...request, replies: OFFSETS })
  t.same(offsetsIn(items), [1, 2])
  const events = await stream.take(3)
  const told = events.map(({ id, data }) => [data, id.split(':')[1]])
  t.same(told, [
    ['one', '1'],
    ['typing', undefined],
    ['two', '2'],
  ])
  stream.stop()
  await raw.close()
})

t.test('its key holds as in a room without history', async (t) => {
  const first = await publish('typing', { ephemeral: true }, 'k1')
  const again = await publish('typing', { ephemeral: true }, 'k1')
  t.same([first.repeated, again.repeated], [false, true])
  t.equal(again.time, first.time)
  const other = async () => publish('another', { ephemeral: true }, 'k1')
  t.equal(await other().catch(({ reply }) => reply.error), 'conflict')
  t.match(await publish('kept', {}, 'k1'), { repeated: false, position: { offset: 3 } })
})
