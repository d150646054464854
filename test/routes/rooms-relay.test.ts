// The frames of a member go to the room unchanged, through real ports.
import { test } from 'tap'
import { type StartedApp, startApp } from '../support/app.ts'
import { type Client, connect } from '../support/client.ts'
import { asServer } from '../support/people.ts'
import { limited, ruled, UNLIMITED } from '../support/settings.ts'

/** Opens members of a room, with a server key. */
function members({ url }: StartedApp, room: string, count: number): Promise<Client[]> {
  const one = () => connect(`${url}/rooms/${room}`, { headers: asServer })
  return Promise.all(Array.from({ length: count }, one))
}

const EVERY_BYTE = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))

const FRAMES: Record<string, string | Buffer> = {
  'a text': 'hello',
  'an empty text': '',
  'no bytes': Buffer.alloc(0),
  'every byte': EVERY_BYTE,
  'a text with emoji and NUL': 'a\u0000b 👩‍👩‍👧‍👦 é e\u0301 \ufeff\u2028',
  'a text that looks like JSON': '{"ticket": "x"}',
  'bytes that are text': Buffer.from('hello'),
  'a text of 125 bytes': 'x'.repeat(125),
  'a text of 126 bytes': 'x'.repeat(126),
  'a text of 65535 bytes': 'y'.repeat(65_535),
  'bytes of the full size': Buffer.alloc(65_536, EVERY_BYTE),
}

test('[C42] text comes as text and bytes as bytes, whatever they hold', async (t) => {
  const usher = await startApp(t, limited(UNLIMITED))
  const [ann, bob] = (await members(usher, 'chat:a', 2)) as [Client, Client]
  for (const [what, sent] of Object.entries(FRAMES)) {
    ann.send(sent)
    for (const client of [ann, bob]) {
      const { data, binary } = await client.next()
      t.ok(data.equals(Buffer.from(sent)), what)
      t.equal(binary, typeof sent !== 'string', what)
    }
  }
})

test('[C47] a message of exactly messageBytes passes, and one byte more is 1009', async (t) => {
  const usher = await startApp(t, limited({ ...UNLIMITED, messageBytes: 1_000 }))
  const [ann, bob, eve] = (await members(usher, 'chat:a', 3)) as [Client, Client, Client]
  ann.send('x'.repeat(1_000))
  t.equal((await bob.text()).length, 1_000)
  eve.send(Buffer.alloc(1_001))
  t.same(await eve.closed, { code: 1009, reason: 'message too big' })
  ann.send('still here')
  t.equal(await bob.text(), 'still here')
  t.same(bob.unread, [], 'nothing of it came through')
})

test('[C47] the bound is in bytes, and counts all fragments together', async (t) => {
  const usher = await startApp(t, limited({ ...UNLIMITED, messageBytes: 10 }))
  const [ann, bob, eve] = (await members(usher, 'chat:a', 3)) as [Client, Client, Client]
  bob.send('é'.repeat(5))
  t.equal(await ann.text(), 'é'.repeat(5))
  ann.send('é'.repeat(6))
  t.equal((await ann.closed).code, 1009)
  eve.ws.send('123456', { fin: false })
  eve.ws.send('78901', { fin: true })
  t.equal((await eve.closed).code, 1009)
})

test('[C180] a large message comes through in the fragments that libraries write', async (t) => {
  const messageBytes = 1_048_576
  const usher = await startApp(t, limited({ ...UNLIMITED, messageBytes }))
  const [ann, bob, eve] = (await members(usher, 'live:a', 3)) as [Client, Client, Client]
  const send = ({ ws }: Client, size: number, count: number): void => {
    for (let at = 1; at <= count; at += 1) ws.send(Buffer.alloc(size), { fin: at === count })
  }
  send(ann, 4_096, messageBytes / 4_096)
  t.equal((await bob.next()).data.length, messageBytes, 'as a Go client does')
  send(ann, 1_024, messageBytes / 1_024)
  t.equal((await bob.next()).data.length, messageBytes, 'the smallest that always fit')
  send(eve, 1, messageBytes / 1_024 + 1)
  t.same(await eve.closed, { code: 1008, reason: 'too many fragments' })
  ann.send('still here')
  t.equal(await bob.text(), 'still here')
})

test('[C42] messages of many at once come to all in one order', async (t) => {
  const usher = await startApp(t, limited(UNLIMITED))
  const senders = await members(usher, 'chat:a', 5)
  const listeners = await members(usher, 'chat:a', 3)
  const each = 100
  for (let i = 0; i < each; i += 1) {
    for (const [name, sender] of senders.entries()) sender.send(`${name} ${i}`)
    if (i % 10 === 0) await new Promise(setImmediate)
  }
  const orders = []
  for (const client of [...senders, ...listeners]) {
    const heard = []
    for (let i = 0; i < each * senders.length; i += 1) heard.push(await client.text())
    orders.push(heard)
  }
  const [first = []] = orders
  for (const heard of orders) t.same(heard, first)
  for (const name of senders.keys()) {
    const own = first.filter((text) => text.startsWith(`${name} `))
    t.same(
      own,
      Array.from({ length: each }, (_, i) => `${name} ${i}`),
      'each sender in its own order',
    )
  }
})

const ECHOES: [asked: string, rule: boolean, hears: boolean][] = [
  ['', true, true],
  ['', false, false],
  ['?echo=true', true, true],
  ['?echo=true', false, true],
  ['?echo=false', true, false],
  ['?echo=false', false, false],
]

for (const [asked, echo, hears] of ECHOES) {
  const title = `[C43] echo ${echo} in the rule and "${asked}" in the URL`
  test(`${title}: the sender ${hears ? 'hears itself' : 'is left out'}`, async (t) => {
    const { url } = await startApp(t, ruled({ match: '*', echo }))
    const ann = await connect(`${url}/rooms/chat:a${asked}`, { headers: asServer })
    const bob = await connect(`${url}/rooms/chat:a?echo=true`, { headers: asServer })
    for (const text of ['1', '2']) ann.send(text)
    t.same([await bob.text(), await bob.text()], ['1', '2'])
    bob.send('end')
    const heard = []
    while (heard.at(-1) !== 'end') heard.push(await ann.text())
    t.same(heard, hears ? ['1', '2', 'end'] : ['end'])
  })
}

test('[C43] any other value of echo is a 400', async (t) => {
  const { url } = await startApp(t)
  const query = { headers: asServer }
  await t.rejects(connect(`${url}/rooms/chat:a?echo=no`, query), /400/)
  await t.rejects(connect(`${url}/rooms/chat:a?echo=`, query), /400/)
})

test('[C44] a member gets the messages after its 101 and none from before', async (t) => {
  const usher = await startApp(t, limited(UNLIMITED))
  const [ann] = (await members(usher, 'chat:a', 1)) as [Client]
  let said = 0
  const say = () => {
    said += 1
    ann.send(String(said))
  }
  for (let round = 0; round < 30; round += 1) {
    for (let i = 0; i < 3; i += 1) say()
    const [late] = (await members(usher, 'chat:a', 1)) as [Client]
    const opened = said
    say()
    const first = Number(await late.text())
    t.ok(first > opened - 3 && first <= said, 'nothing older than the messages on their way')
    for (let next = first + 1; next <= said; next += 1) t.equal(await late.text(), String(next))
    await late.close()
    t.same(late.unread, [])
  }
})

test('[C45] rooms do not hear each other', async (t) => {
  const usher = await startApp(t)
  const [ann] = (await members(usher, 'chat:a', 1)) as [Client]
  const [bob] = (await members(usher, 'chat:A', 1)) as [Client]
  ann.send('in a')
  bob.send('in A')
  t.equal(await ann.text(), 'in a')
  t.equal(await bob.text(), 'in A')
  await Promise.all([ann.close(), bob.close()])
  t.same([...ann.unread, ...bob.unread], [])
})

test('[C48] members and users of a room are counted as they come and go', async (t) => {
  const usher = await startApp(t, ruled({ match: '*' }))
  const ask = async () => {
    const answer = await fetch(`${usher.url}/rooms/chat:a`, { headers: asServer })
    const { members, users } = (await answer.json()) as { members: number; users: number }
    return [members, users]
  }
  t.same(await ask(), [0, 0])
  const clients = await members(usher, 'chat:a', 2)
  t.same(await ask(), [2, 0], 'server keys are no users')
  await Promise.all(clients.map((client) => client.close()))
  t.same(await ask(), [0, 0])
})
