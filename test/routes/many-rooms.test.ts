// Many rooms over one connection, in JSON at the real door: joining, leaving, publishing, and what
// comes back.
import { test } from 'tap'
import { startApp } from '../support/app.ts'
import { connect } from '../support/client.ts'
import { asServer, call, person } from '../support/people.ts'
import { connectRich } from '../support/rich-client.ts'

test('a frame may join many rooms, and replies keep the order of the commands', async (t) => {
  const usher = await startApp(t)
  const ann = await person(usher)
  const rich = await connectRich(usher.url, { headers: ann.browser })
  const names = Array.from({ length: 128 }, (_, index) => `chat:${index}`)
  const order: number[] = []
  const joins = rich.askAll(names.map((channel) => ['subscribe', { channel, flag: 1 }] as const))
  for (const join of joins) join.then(({ id }) => order.push(id))
  for (const answer of await Promise.all(joins)) {
    t.match(answer, { subscribe: { recoverable: true, positioned: true, epoch: /./ } })
  }
  t.same(
    order,
    [...order].sort((a, b) => a - b),
  )
  t.match(await rich.ask('subscribe', { channel: 'chat:one-more' }), { error: { code: 106 } })
  t.match(await rich.ask('subscribe', { channel: 'chat:1' }), { error: { code: 105 } })
  t.match(await rich.ask('unsubscribe', { channel: 'chat:1' }), { unsubscribe: {} })
  t.match(await rich.ask('subscribe', { channel: 'chat:one-more' }), { subscribe: {} })
  t.match(await rich.ask('unsubscribe', { channel: 'chat:nowhere' }), { unsubscribe: {} })
})

test('members of all formats hear each other, with the name of the sender', async (t) => {
  const usher = await startApp(t)
  const ann = await person(usher)
  const bob = await person(usher)
  const rich = await connectRich(usher.url, { headers: ann.browser })
  const raw = await connect(`${usher.url}/rooms/chat:a`, { headers: bob.browser })
  await rich.ask('subscribe', { channel: 'chat:a' })
  await rich.ask('publish', { channel: 'chat:a', data: { n: 12345678901234567890n.toString() } })
  t.equal(await raw.text(), '{"n":"12345678901234567890"}')
  t.match((await rich.push()).pub, { info: { user: ann.user, conn_info: { name: ann.username } } })
  raw.send('plain "text"\nin two lines')
  t.match((await rich.push()).pub, { data: 'plain "text"\nin two lines', offset: 2 })
  raw.send(Buffer.from([0, 255]))
  t.match((await rich.push()).pub, { data: { b64: 'AP8=' }, offset: 3 })
})

test('what was missed is in the reply, all of it or nothing', async (t) => {
  const usher = await startApp(t)
  const ann = await person(usher)
  const rich = await connectRich(usher.url, { headers: ann.browser })
  const { subscribe } = await rich.ask('subscribe', { channel: 'chat:a' })
  const { epoch } = subscribe
  await rich.ask('unsubscribe', { channel: 'chat:a' })
  for (const n of [1, 2, 3]) await rich.ask('publish', { channel: 'chat:a', data: n })
  const back = { channel: 'chat:a', recover: true, epoch, offset: 1 }
  const { subscribe: recovered } = await rich.ask('subscribe', back)
  t.match(recovered, { recovered: true, was_recovering: true })
  t.same(
    recovered.publications.map((pub: { data: number; offset: number }) => [pub.data, pub.offset]),
    [
      [2, 2],
      [3, 3],
    ],
  )
  await rich.ask('unsubscribe', { channel: 'chat:a' })
  const lost = { ...back, epoch: 'another' }
  t.match(await rich.ask('subscribe', lost), { subscribe: { was_recovering: true, offset: 3 } })
  await rich.ask('unsubscribe', { channel: 'chat:a' })
  t.match(await rich.ask('subscribe', { ...lost, flag: 2 }), { error: { code: 112 } })
  t.match(await rich.ask('history', { channel: 'chat:a', limit: -1 }), {
    history: { publications: [{ data: 1 }, { data: 2 }, { data: 3 }], offset: 3, epoch },
  })
})

test('rpc publish answers with the position, once for each key', async (t) => {
  const usher = await startApp(t)
  const ann = await person(usher)
  const rich = await connectRich(usher.url, { headers: ann.browser })
  await rich.ask('subscribe', { channel: 'chat:a' })
  const wish = { room: 'chat:a', data: { n: 1 }, key: 'k1' }
  const first = await rich.ask('rpc', { method: 'publish', data: wish })
  t.match(first.rpc.data, { epoch: /./, offset: 1, time: Number })
  t.same((await rich.ask('rpc', { method: 'publish', data: wish })).rpc, first.rpc)
  t.match((await rich.push()).pub, { offset: 1 })
  const typing = { room: 'chat:a', data: { typing: true }, ephemeral: true }
  const passing = await rich.ask('rpc', { method: 'publish', data: typing })
  t.match(passing.rpc.data, { epoch: null, offset: null, time: Number })
  t.match((await rich.push()).pub, { data: { typing: true } })
  const silent = { room: 'chat:a', data: 'not for me', echo: false }
  t.match((await rich.ask('rpc', { method: 'publish', data: silent })).rpc.data, { offset: 2 })
  await rich.ask('publish', { channel: 'chat:a', data: 'for me' })
  t.match((await rich.push()).pub, { data: 'for me', offset: 3 })
  t.match(await rich.ask('rpc', { method: 'nothing', data: {} }), { error: { code: 108 } })
  t.match(await rich.ask('rpc', { method: 'publish', data: {} }), { error: { code: 107 } })
})

test('a user is sent out of a room, and stays connected', async (t) => {
  const usher = await startApp(t)
  const ann = await person(usher)
  const rich = await connectRich(usher.url, { headers: ann.browser })
  await rich.ask('subscribe', { channel: 'chat:a' })
  const url = `${usher.url}/rooms/chat:a/members/${ann.user}`
  t.equal((await call(url, 'DELETE', { headers: asServer })).status, 204)
  t.match(await rich.push(), { channel: 'chat:a', unsubscribe: { code: 2100, reason: /./ } })
  t.match(await rich.ask('history', { channel: 'chat:a', limit: 0 }), { history: { offset: 0 } })
})

test('too many commands are refused one by one, and messages as well', async (t) => {
  const usher = await startApp(t)
  const ann = await person(usher)
  const rich = await connectRich(usher.url, { headers: ann.browser })
  const asks = Array.from({ length: 1_100 }, () => ['presence', { channel: 'chat:a' }] as const)
  const answers = await Promise.all(rich.askAll(asks))
  const refused = answers.filter(({ error }) => error?.code === 111)
  t.ok(refused.length > 0 && refused.length < 200)
  t.match(refused[0], { error: { temporary: true } })
  const messages = Array.from(
    { length: 80 },
    (_, data) => ['publish', { channel: 'chat:a', data }] as const,
  )
  const said = await Promise.all(rich.askAll(messages))
  const over = said.filter(({ error }) => error?.code === 111)
  t.ok(over.length > 0 && over.length <= 30)
})
