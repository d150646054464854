// What clients of the SDKs do in rooms: publish, hear, look who is there and read back.
import t, { type Test } from 'tap'
import { asServer, call, person } from '../support/people.ts'
import { until } from '../support/until.ts'
import { byCookie, say, startScene } from './scene.ts'
import type { SdkClient } from './sdk-client.ts'
import { SDKS, type Sdk, startSdk } from './sdks.ts'

const scene = await startScene(t)
const ann = await person(scene, 'Ann')
const bob = await person(scene, 'Bob')

/** Ann and Bob, connected by one SDK. */
interface Stage {
  sdk: Sdk
  /** Of this SDK among all, for rooms of its own. */
  index: number
  one: SdkClient
  other: SdkClient
  ids: readonly string[]
  named(name: string): string
}

type Scenarios = Record<string, (t: Test, stage: Stage) => Promise<void>>

/** The `conn_info` of a user without public info. */
const infoOf = (name: string) => JSON.stringify({ name, info: null })

const SCENARIOS: Scenarios = {
  async 'hears of those who join and leave, and sees who is there'(t, { one, other, ids, named }) {
    const room = named('here')
    await one.subscribe(room, { joinLeave: true })
    await other.subscribe(room, { joinLeave: true })
    const by = { user: bob.user, client: ids[1] ?? '', info: infoOf('Bob') }
    await one.hears({ event: 'join', room, by })
    const members = await other.presence(room)
    t.same(members.map(({ user }) => user).toSorted(), [ann.user, bob.user].toSorted())
    t.same(await one.presenceStats(room), { clients: 2, users: 2 })
    await other.do('unsubscribe', { room })
    await one.hears({ event: 'leave', room, by })
    t.same(await one.presenceStats(room), { clients: 1, users: 1 })
  },

  async 'hears what is published, with its sender and its offset'(t, { one, other, ids, named }) {
    const room = named('said')
    await one.subscribe(room)
    await other.subscribe(room)
    await one.publish(room, '{"big":1,"order":[2,1]}')
    const by = { user: ann.user, client: ids[0] ?? '', info: infoOf('Ann') }
    for (const client of [one, other]) {
      const heard = await client.hears({ event: 'message', room, offset: 1 })
      t.match(heard, { data: '{"big":1,"order":[2,1]}', by })
    }
    await say(scene, room, { from: 'a back end' })
    t.match(await other.hears({ event: 'message', room, offset: 2 }), {
      ...{ data: '{"from":"a back end"}', by: null },
    })
  },

  async 'reads what was published, page by page'(t, { one, named }) {
    const room = named('history')
    for (let at = 1; at <= 5; at += 1) await say(scene, room, { at })
    const all = await one.history(room, { limit: -1 })
    t.same(
      all.messages.map(({ offset }) => offset),
      [1, 2, 3, 4, 5],
    )
    t.equal(all.messages[4]?.data, '{"at":5}')
    const { epoch } = all
    const since = { offset: 2, epoch }
    const page = await one.history(room, { limit: 2, since })
    t.same(
      page.messages.map(({ offset }) => offset),
      [3, 4],
    )
    const back = await one.history(room, { limit: 2, reverse: true })
    t.same(
      back.messages.map(({ offset }) => offset),
      [5, 4],
    )
    t.match(await one.history(room, { limit: 0 }), { messages: [], offset: 5, epoch })
  },

  async 'says by rpc with a key, and gets the position'(t, { one, named }) {
    const room = named('rpc')
    await one.subscribe(room)
    const said = { room, data: { by: 'rpc' }, key: 'k1' }
    const first = (await one.rpc('publish', said)) as object
    t.match(first, { offset: 1, epoch: String, time: Number })
    t.same(await one.rpc('publish', said), first, 'the same again has no effect')
    t.match(await one.hears({ event: 'message', room }), { data: '{"by":"rpc"}', offset: 1 })
    await one.rpc('publish', { room, data: { typing: true }, ephemeral: true })
    t.match(await one.hears({ event: 'message', room, data: '{"typing":true}' }), { offset: 0 })
    t.equal((await one.history(room, { limit: 0 })).offset, 1, 'which is not kept')
  },

  async 'says without an echo to itself'(t, { one, other, named }) {
    const room = named('echo')
    await one.subscribe(room)
    await other.subscribe(room)
    await one.rpc('publish', { room, data: 'quiet', echo: false })
    await one.rpc('publish', { room, data: 'loud' })
    await other.hears({ event: 'message', room, offset: 2 })
    await one.hears({ event: 'message', room, offset: 2 })
    t.same(
      other.of('message', room).map(({ offset }) => offset),
      [1, 2],
    )
    t.same(
      one.of('message', room).map(({ offset }) => offset),
      [2],
    )
  },

  async 'is told of a method that there is not'(t, { one }) {
    await t.rejects(one.rpc('no-such-method', {}), { code: 108 })
  },

  async 'is in its own room from the start, with all it missed'(t, { index, one, other }) {
    const room = `user:${ann.user}`
    const mark = one.heard.length
    const path = `/rooms/${encodeURIComponent(room)}`
    await say(scene, path.slice('/rooms/'.length), { for: 'ann', at: index })
    const data = JSON.stringify({ for: 'ann', at: index })
    const heard = await one.hears({ event: 'message', room, data }, mark)
    t.ok(heard.offset)
    t.ok(one.of('subscribed', room).length > 0)
    t.same(other.of('message', room), [], 'which is of no other')
  },

  async 'is sent out of a room, and stays in the others'(t, { one, named }) {
    const room = named('out')
    await one.subscribe(room)
    await one.subscribe(named('stays'))
    const path = `${scene.url}/rooms/${room}/members/${ann.user}`
    await call(path, 'DELETE', { headers: asServer })
    t.match(await one.hears({ event: 'unsubscribed', room }), { code: 2100 })
    await say(scene, named('stays'), { still: true })
    await one.hears({ event: 'message', room: named('stays') })
    t.equal(one.of('disconnected').length + one.of('connecting').length, 1)
  },

  async 'is refused what no rule allows, and stays'(t, { one }) {
    const mark = one.heard.length
    await one.do('subscribe', { room: `user:${bob.user}` })
    const refused = await one.hears({ event: 'unsubscribed', room: `user:${bob.user}` }, mark)
    t.equal(refused.code, 103)
    await t.rejects(one.publish('no/such/name', '{}'), { code: 107 })
  },

  async 'sends data that is for no room'(_, { sdk, one, named }) {
    if (sdk.lacks.includes('send')) return
    await one.do('send', { data: '{"for":"the server"}' })
    await one.presenceStats(named('here'))
  },

  async leaves(_, { one, other, named }) {
    await other.disconnect()
    await one.disconnect()
    const stats = async () =>
      (
        await call(`${scene.url}/rooms/${named('said')}`, 'GET', {
          headers: asServer,
        })
      ).body.members
    await until(async () => (await stats()) === 0, { what: 'both have left' })
  },
}

for (const [index, sdk] of SDKS.entries()) {
  t.test(sdk.title, async (t) => {
    const clients = startSdk(t, sdk)
    const one = await clients.open(byCookie(scene, ann))
    const other = await clients.open(byCookie(scene, bob))
    const ids = [await one.connect(), await other.connect()]
    const named = (name: string) => `chat:${name}-${index}`
    const stage = { sdk, index, one, other, ids, named }
    for (const [title, run] of Object.entries(SCENARIOS)) t.test(title, (t) => run(t, stage))
  })
}
