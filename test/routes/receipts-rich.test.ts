// Receipts on the rich protocol: calls with many moves, the companion room, and other devices.
import t from 'tap'
import { SERVER_KEY, startApp } from '../support/app.ts'
import { refused } from '../support/client.ts'
import { asServer, call, person, ticketOf } from '../support/people.ts'
import { connectRich } from '../support/rich-client.ts'

const usher = await startApp(t)
const { url } = usher
const [ann, bob, carol] = [await person(usher), await person(usher), await person(usher)]
type Headers = Record<string, string>

function say(room: string, headers: Headers, body: unknown = 'x') {
  return call(`${url}/rooms/${room}/messages`, 'POST', { headers, body })
}

function move(room: string, headers: Headers, body: object) {
  return call(`${url}/rooms/${room}/receipts`, 'PUT', { headers, body })
}

t.test('[C379] moves come together, and each is answered by itself', async (t) => {
  const rich = await connectRich(url, { headers: ann.browser })
  const rpc = async (method: string, data: unknown) => {
    const answer = await rich.ask('rpc', { method, data })
    return answer.error ?? answer.rpc.data
  }
  await say('chat:rpc', bob.bearer)
  const moves = [
    { room: 'chat:rpc', delivered: 1 },
    { room: 'live:a', read: 1 },
    { room: `user:${bob.user}`, read: 1 },
    { room: 'no room!', read: 1 },
    { room: 'chat:rpc', read: 1 },
  ]
  t.match(await rpc('receipt', { moves }), {
    moves: [
      { room: 'chat:rpc', delivered: 1, read: 0 },
      { room: 'live:a', error: 'not_available', code: 108, message: /\./ },
      { room: `user:${bob.user}`, error: 'forbidden', code: 103 },
      { room: 'no room!', error: 'forbidden' },
      { room: 'chat:rpc', delivered: 1, read: 1 },
    ],
  })
  t.match(await rpc('receipts', { room: 'chat:rpc', offset: 1 }), {
    participants: [{ user: ann.user, joined: 0, delivered: 1, read: 1 }],
    ...{ deliveredToAll: null, readByAll: null, deliveredTo: [] },
  })
  t.same(await rpc('leave', { room: 'chat:rpc' }), {})
  t.same((await rpc('receipts', { room: 'chat:rpc' })).participants, [])
  const many = Array.from({ length: 257 }, () => ({ room: 'chat:rpc', read: 1 }))
  for (const [method, data] of [
    ['receipt', { moves: [] }],
    ['receipt', { moves: many }],
    ['receipt', { moves: [{ room: 'chat:rpc' }] }],
    ['receipt', { moves: [{ room: 'chat:rpc', read: 1.5 }] }],
    ['receipt', { moves: [null] }],
    ['receipt', 'x'],
    ['receipts', {}],
    ['receipts', { room: 'chat:rpc', offset: -1 }],
    ['leave', { room: 7 }],
  ] as const) {
    t.match(await rpc(method, data), { code: 107 }, JSON.stringify(data).slice(0, 40))
  }
  t.match(await rpc('receipts', { room: `user:${bob.user}` }), { code: 103 })
  const backend = await connectRich(url, { token: SERVER_KEY })
  const leave = { method: 'leave', data: { room: 'chat:rpc' } }
  t.match(await backend.ask('rpc', leave), { error: { code: 103 } })
})

t.test(
  '[C380] the companion room tells the two smallest of each, to those who may join',
  async (t) => {
    const room = 'chat:companion'
    for (const { bearer } of [ann, bob]) await move(room, bearer, { delivered: 0 })
    const rich = await connectRich(url, { headers: ann.browser })
    const channel = `${room}$receipts`
    const { subscribe } = await rich.ask('subscribe', { channel })
    t.match(subscribe.data, { participants: 2, joined: [0, 0], delivered: [0, 0], read: [0, 0] })
    t.match(subscribe, { positioned: undefined, recoverable: undefined })
    await say(room, ann.bearer)
    const told = async (wanted: object) => {
      for (;;) {
        const push = await rich.push()
        if (push.channel !== channel) continue
        const { data, offset } = push.pub
        t.equal(offset, undefined)
        if (JSON.stringify(data).includes(JSON.stringify(wanted).slice(1, -1))) return data
      }
    }
    await told({ delivered: [0, 1], read: [0, 1] })
    await move(room, bob.bearer, { delivered: 1 })
    await told({ delivered: [1, 1], read: [0, 1] })
    await move(room, carol.bearer, { delivered: 0 })
    t.match(await told({ participants: 3 }), { joined: [0, 0] })
    const publish = { channel, data: 1 }
    t.match(await rich.ask('publish', publish), { error: { code: 103 } })
    for (const [command, code] of [
      ['history', 108],
      ['presence', 108],
      ['presence_stats', 108],
    ] as const) {
      t.match(await rich.ask(command, { channel }), { error: { code } }, command)
    }
    t.match(await rich.ask('subscribe', { channel }), { error: { code: 105 } })
    for (const [name, code] of [
      ['live:a$receipts', 108],
      [`user:${bob.user}$receipts`, 103],
      ['chat:a$receipts$receipts', 107],
      ['$receipts', 107],
      ['chat:a b$receipts', 107],
    ] as const) {
      t.match(await rich.ask('subscribe', { channel: name }), { error: { code } }, name)
    }
    const path = encodeURIComponent(channel)
    t.match(await call(`${url}/rooms/${path}/messages`, 'POST', { headers: asServer, body: 1 }), {
      status: 400,
    })
    t.equal((await refused(`${url}/rooms/${path}`, { headers: ann.browser })).status, 400)
    await t.rejects(usher.app.usher.publish(channel, 'x'), /only Usher itself/)
    const { body } = await call(`${url}/rooms?limit=1000`, 'GET', { headers: asServer })
    t.notOk(JSON.stringify(body).includes('$receipts'))
  },
)

t.test(
  '[C380] companions count neither as rooms nor as commands, and end with the room',
  async (t) => {
    const ticket = await ticketOf(usher, asServer, { user: 'u_many', rooms: ['chat:m'] })
    const rich = await connectRich(`${url}`, { headers: ann.browser })
    const names = Array.from({ length: 128 }, (_, index) => `chat:m${index}`)
    const both = names.flatMap((channel) => [channel, `${channel}$receipts`])
    const answers = await Promise.all(
      rich.askAll(both.map((channel) => ['subscribe', { channel }] as const)),
    )
    t.notOk(answers.some(({ error }) => error))
    t.match(await rich.ask('subscribe', { channel: 'chat:more' }), { error: { code: 106 } })
    const sent = call(`${url}/rooms/chat:m7/members/${ann.user}`, 'DELETE', { headers: asServer })
    t.match(await sent, { status: 204 })
    const ended = [(await rich.push()).channel, (await rich.push()).channel].sort()
    t.same(ended, ['chat:m7', 'chat:m7$receipts'])
    const narrow = await connectRich(url, { token: ticket })
    t.match(await narrow.ask('subscribe', { channel: 'chat:m$receipts' }), {
      subscribe: { data: {} },
    })
    t.match(await narrow.ask('subscribe', { channel: 'chat:n$receipts' }), { error: { code: 103 } })
  },
)

t.test('[C381] other devices of the user learn what is unread', async (t) => {
  const room = 'chat:devices'
  const phone = await connectRich(url, { headers: carol.browser })
  await move(room, carol.bearer, { delivered: 0 })
  for (let n = 0; n < 3; n += 1) await say(room, ann.bearer)
  await move(room, carol.bearer, { read: 2 })
  const { channel, pub } = await phone.push()
  t.equal(channel, `user:${carol.user}`)
  t.equal(pub.offset, undefined)
  t.match(pub.data, { type: 'receipt', room, epoch: /./, delivered: 2, read: 2, unread: 1 })
  const history = await call(`${url}/rooms/user:${carol.user}/messages`, 'GET', {
    headers: carol.bearer,
  })
  t.same(history.body.messages, [])
})
