// The client module over a stand-in for the SDK: what it says to the server, and when.
import { test } from 'tap'
import { ManualClock } from '../support/manual-clock.ts'
import { settle } from './plain/stand-ins.ts'
import { StandInSdk } from './stand-in-sdk.ts'

interface Own {
  key: string
  state: string
  offset?: number
  error?: string
}

interface Joined {
  markRead(offset: number): void
  stateOf(offset: number): string
}

interface Client {
  load(): Promise<Own[]>
  join(room: string, handlers: object, options?: object): Joined
  close(room: string): void
  send(room: string, data: object, key?: string): Own
}

const { UsherClient } = (await import(
  new URL('../../public/usher-client.js', import.meta.url).href
)) as { UsherClient: new (sdk: StandInSdk, options: object) => Client }

const ROOM = 'chat:lobby'
const AT = (offset: number) => ({ epoch: 'e', offset, time: 1 })
const HOURS = 3_600_000

/** What was typed and not sent, as a page keeps it. */
function memoryStore(kept: object[] = []) {
  const entries = new Map(kept.map((entry) => [(entry as Own).key, entry]))
  return {
    entries,
    all: async () => [...entries.values()],
    put: async (entry: Own) => void entries.set(entry.key, entry),
    delete: async (key: string) => void entries.delete(key),
  }
}

function scene(options: object = {}) {
  const sdk = new StandInSdk()
  const clock = new ManualClock()
  const client = new UsherClient(sdk, { user: 'ada', clock, ...options })
  const heard: string[] = []
  const handlers = {
    onMessage: ({ offset }: { offset: number }) => void heard.push(`message ${offset}`),
    onLoad: (at: { offset: number } | null) => void heard.push(`load ${at?.offset}`),
    onRedacted: (offset: number) => void heard.push(`redacted ${offset}`),
    onOwn: ({ key, state }: Own) => void heard.push(`${key} ${state}`),
  }
  const receipt = async () => {
    await settle()
    await clock.advance(200)
    await settle()
    return sdk.take('receipt')
  }
  return { sdk, clock, client, heard, handlers, receipt }
}

const joined = (offset: number, more: object = {}) => ({
  recovered: false,
  streamPosition: { epoch: 'e', offset },
  data: { redactions: 0 },
  ...more,
})
const message = (offset: number, user = 'bob', data: object = {}) => ({
  data,
  offset,
  info: { user, client: 'c', connInfo: { name: user } },
})

test('joining makes a participant, and what the application has taken is delivered', async (t) => {
  const { sdk, client, heard, handlers, receipt } = scene()
  let finish = () => {}
  const slow = new Promise<void>((resolve) => {
    finish = resolve
  })
  client.join(ROOM, { ...handlers, onLoad: () => slow })
  t.same(sdk.batches, [[ROOM, `${ROOM}$receipts`]], 'the room and its companion are one frame')
  sdk.connect()
  const room = sdk.membership(ROOM)
  room.emit('subscribed', joined(7))
  room.emit('publication', message(8))
  room.emit('publication', message(9))
  const [first] = await receipt()
  t.same(first?.data, { moves: [{ room: ROOM, delivered: 0 }] })
  t.same(heard, [], 'no message before what the room shows is loaded')
  first?.answer({ moves: [{ room: ROOM, delivered: 7, read: 7 }] })
  finish()
  const [second, ...more] = await receipt()
  t.same(second?.data, { moves: [{ room: ROOM, delivered: 9 }] }, 'one move for many messages')
  t.same(more, [])
  t.same(heard, ['message 8', 'message 9'])
})

test('many rooms make one call, and a move that was lost is made again', async (t) => {
  const { sdk, clock, client, handlers, receipt } = scene()
  for (const room of ['a', 'b']) client.join(room, handlers).markRead(3)
  t.same(await receipt(), [], 'without a connection nothing is said')
  sdk.connect()
  const [lost] = await receipt()
  const moves = [
    { room: 'a', read: 3 },
    { room: 'b', read: 3 },
  ]
  t.same(lost?.data, { moves })
  lost?.fail({ code: 2 })
  await settle()
  await clock.advance(5_000)
  await settle()
  const [again] = sdk.take('receipt')
  t.same(again?.data, { moves })
  again?.answer({
    moves: [
      { room: 'a', error: 'not_available', code: 108 },
      { room: 'b', code: 103 },
    ],
  })
  t.same(await receipt(), [], 'what is refused is not asked again')
})

test('a room is loaded again after a gap or a message taken back, and not otherwise', async (t) => {
  const { sdk, client, heard, handlers } = scene()
  client.join(ROOM, handlers)
  const room = sdk.membership(ROOM)
  room.emit('subscribed', joined(5))
  await settle()
  room.emit('publication', { data: null, tags: { redacted: '2' } })
  room.emit('subscribed', joined(5, { recovered: true, data: { redactions: 1 } }))
  await settle()
  t.same(heard, ['load 5', 'redacted 2'])
  room.emit('subscribed', joined(9, { recovered: true, data: { redactions: 2 } }))
  room.emit('subscribed', joined(9, { recovered: false, data: { redactions: 2 } }))
  await settle()
  t.same(heard.slice(2), ['load 9', 'load 9'])
})

test('a load that failed is not taken for one that was made', async (t) => {
  const { sdk, client, handlers, receipt } = scene()
  let loads = 0
  const onLoad = () => {
    loads += 1
    if (loads === 1) throw new Error('the network went away')
  }
  client.join(ROOM, { ...handlers, onLoad })
  sdk.connect()
  const room = sdk.membership(ROOM)
  room.emit('subscribed', joined(5))
  const [move] = await receipt()
  t.same(move?.data, { moves: [{ room: ROOM, delivered: 0 }] }, 'and nothing is called delivered')
  move?.answer({ moves: [{ room: ROOM, delivered: 5, read: 5 }] })
  room.emit('subscribed', joined(5, { recovered: true }))
  await settle()
  t.equal(loads, 2)
})

test('what is typed while away is said once, after an hour as after a second', async (t) => {
  const store = memoryStore()
  const { sdk, clock, client, heard, handlers } = scene({ store })
  client.join(ROOM, handlers)
  client.send(ROOM, { text: 'one' }, 'k1')
  client.send(ROOM, { text: 'two' }, 'k2')
  t.same([...store.entries.keys()], ['k1', 'k2'])
  t.same(sdk.asked, [])
  clock.jump(HOURS)
  sdk.connect()
  await settle()
  const [lost, ...early] = sdk.take('publish')
  t.same(lost?.data, { room: ROOM, data: { text: 'one' }, key: 'k1' })
  t.same(early, [], 'the second waits for the first')
  lost?.fail({ code: 2 })
  sdk.state = 'connecting'
  await settle()
  clock.jump(HOURS)
  sdk.connect()
  await clock.advance(1_000)
  await settle()
  const [again] = sdk.take('publish')
  t.equal(again?.data.key, 'k1', 'with the key that it had')
  again?.answer(AT(4))
  await settle()
  sdk.take('publish')[0]?.answer(AT(5))
  await settle()
  t.same(heard, ['k1 sent', 'k2 sent'])
  t.equal(store.entries.size, 0)
})

test('what an earlier page could not send is sent, unless its key may be forgotten', async (t) => {
  const clock = new ManualClock()
  const now = clock.now()
  const kept = { room: ROOM, data: {}, state: 'sending' }
  const store = memoryStore([
    { ...kept, key: 'late', at: now - 2, triedAt: now - 23.5 * HOURS },
    { ...kept, key: 'early', at: now - 3, triedAt: null },
  ])
  const { sdk, client, heard, handlers } = scene({ store, clock })
  client.join(ROOM, handlers)
  t.same(
    (await client.load()).map(({ key }) => key),
    ['early', 'late'],
  )
  sdk.connect()
  await settle()
  const [asked] = sdk.take('publish')
  t.equal(asked?.data.key, 'early')
  asked?.answer(AT(1))
  await settle()
  t.same(sdk.take('publish'), [])
  t.same(heard, ['early sent', 'late failed'])
})

test('a message heard before its ack is sent; one that is refused says why', async (t) => {
  const { sdk, client, heard, handlers } = scene()
  client.join(ROOM, handlers)
  sdk.connect()
  client.send(ROOM, { key: 'k1' }, 'k1')
  const refused = client.send(ROOM, { key: 'k2' }, 'k2')
  await settle()
  sdk.membership(ROOM).emit('publication', message(3, 'ada', { key: 'k1' }))
  await settle()
  t.same(heard, ['k1 sent', 'message 3'])
  sdk.take('publish')[0]?.answer(AT(3))
  await settle()
  sdk.take('publish')[0]?.fail({ code: 103, message: 'You may not.' })
  await settle()
  t.same(heard.slice(2), ['k2 failed'])
  t.equal(refused.error, 'You may not.')
})

test('one message is sent, delivered and read as the two smallest of the room say', async (t) => {
  const { sdk, clock, client, handlers } = scene()
  const room = client.join(ROOM, handlers)
  const companion = sdk.membership(`${ROOM}$receipts`)
  const say = (joined: number[], delivered: number[], read: number[]) =>
    companion.emit('publication', {
      data: { epoch: 'e', participants: 3, joined, delivered, read },
    })
  t.equal(room.stateOf(5), 'sent', 'before anything is known')
  companion.emit('subscribed', {
    data: { epoch: 'e', participants: 2, joined: [0, 5], delivered: [5, 6], read: [0, 6] },
  })
  t.equal(room.stateOf(5), 'sent', 'no other belonged to the room then')
  say([0, 3], [5, 6], [0, 6])
  t.equal(room.stateOf(5), 'delivered')
  say([0, 3], [5, 6], [5, 6])
  t.equal(room.stateOf(5), 'read')

  room.markRead(4)
  sdk.connect()
  say([0, 3], [4, 6], [4, 6])
  await clock.advance(200)
  await settle()
  const [move] = sdk.take('receipt')
  t.equal(room.stateOf(5), 'sent', 'the smallest may be of another while one moves')
  move?.answer({ moves: [{ room: ROOM, delivered: 4, read: 4 }] })
  await settle()
  t.equal(room.stateOf(5), 'read', 'the smallest is one’s own')
  say([0], [6], [6])
  t.equal(room.stateOf(5), 'sent')
  companion.emit('publication', { data: { participants: 1_001, joined: null } })
  t.equal(room.stateOf(5), 'sent', 'above the bound there are no marks')
})

test('another device of the user moves what is one’s own here', async (t) => {
  const told: unknown[] = []
  const { sdk, client, handlers } = scene({ onReceipt: (receipt: unknown) => told.push(receipt) })
  const room = client.join(ROOM, handlers)
  const receipt = { type: 'receipt', room: ROOM, epoch: 'e', delivered: 4, read: 4, unread: 2 }
  sdk.emit('publication', { channel: 'user:ada', data: receipt })
  sdk.emit('publication', { channel: 'user:eve', data: receipt })
  t.same(told, [receipt])
  const marks = { epoch: 'e', participants: 2, joined: [0, 0], delivered: [4, 6], read: [4, 6] }
  sdk.membership(`${ROOM}$receipts`).emit('publication', { data: marks })
  t.equal(room.stateOf(5), 'read')
  client.close(ROOM)
  t.equal(sdk.rooms.size, 0)
})
