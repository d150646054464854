// The log on a Redis that is killed and begins again, with all that it had, with nothing of it, and
// with less than it had told.
import { truncate } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { EngineUnavailable } from '../../../src/engine/engine.ts'
import { KeyConflict } from '../../../src/engine/message-log.ts'
import { draft } from '../../contract/support/samples.ts'
import { EVERY_WRITE, startRedis } from '../../support/redis-server.ts'
import { until } from '../../support/until.ts'
import { isBack, KEPT, openLogNodes, writesIn } from './log-nodes.ts'

const redis = await startRedis(t, EVERY_WRITE)
const openNodes = (t: Test, isLossless = true) => openLogNodes(redis, t, isLossless)
const writesOf = () => writesIn(redis)

t.test('with all that it had, it goes on as if nothing had been', async (t) => {
  const nodes = await openNodes(t)
  const [one, other] = nodes
  for (const { log, listener } of nodes) await log.follow('chat:1', listener)
  await one.say('a', 'b')
  const keyed = { ...KEPT, key: { value: 'k', sender: 'u_ada' } }
  const first = await one.log.append('chat:1', draft('c'), keyed)
  await redis.kill()
  await until(() => one.link.away !== null, { what: 'the node knows' })
  await t.rejects(one.log.append('chat:1', draft('lost'), KEPT), EngineUnavailable)
  await t.rejects(one.log.head('chat:1'), EngineUnavailable)
  await redis.start()
  await isBack(nodes)
  const again = await other.log.append('chat:1', draft('c'), keyed)
  t.same(again, { ...first, repeated: true })
  await t.rejects(other.log.append('chat:1', draft('d'), keyed), KeyConflict)
  await other.say('e')
  for (const { listener } of nodes) {
    await until(() => listener.told.includes('e'), { what: 'the last one is told' })
    t.same(listener.told, ['a', 'b', 'c', 'e'])
  }
  t.equal((await one.log.head('chat:1')).epoch, first.position?.epoch)
})

t.test('without its data it begins a new epoch, and followers are told of a gap', async (t) => {
  const nodes = await openNodes(t)
  const [one, other] = nodes
  for (const { log, listener } of nodes) await log.follow('chat:1', listener)
  await one.say('a', 'b')
  for (const { listener } of nodes) {
    await until(() => listener.told.length === 2, { what: 'both are told' })
  }
  const former = await one.log.head('chat:1')
  await redis.kill()
  await redis.forget()
  await redis.start()
  await isBack(nodes)
  await other.say('c')
  const head = await one.log.head('chat:1')
  t.not(head.epoch, former.epoch)
  t.equal(head.offset, 1)
  for (const { listener } of nodes) {
    await until(() => listener.gapAfter !== null, { what: 'the gap is told' })
    t.same(listener.gapAfter, former)
    t.same(listener.told.slice(0, 3), ['a', 'b', 'gap'])
  }
  t.same(await other.shown(), ['c'])
})

t.test('with less than it had told, it is found out although it was overtaken', async (t) => {
  for (const isLossless of [true, false]) {
    const [one, other] = await openNodes(t, isLossless)
    await one.log.follow('chat:1', one.listener)
    await one.say('a', 'b', 'c')
    const { file, size } = await writesOf()
    await one.say('d', 'e')
    const former = await one.log.head('chat:1')
    t.equal(former.offset, 5)
    one.link.cut()
    await redis.kill()
    await truncate(file, size)
    await redis.start()
    await isBack([one, other])
    // A node that was told nothing writes first, and more than was lost.
    await other.say('f', 'g', 'h')
    one.link.back()
    await until(() => one.listener.gapAfter !== null, { what: 'the gap is told' })
    t.same(one.listener.gapAfter, former)
    t.same(one.listener.told, ['a', 'b', 'c', 'd', 'e', 'gap'])
    const head = await one.log.head('chat:1')
    t.not(head.epoch, former.epoch, 'positions of the former epoch are void')
    t.same(await one.shown(), ['a', 'b', 'c', 'f', 'g', 'h'])
    await other.say('i')
    await until(() => one.listener.told.at(-1) === 'i', { what: 'it goes on' })
  }
})

t.test('with less than it had told, it has a new epoch before what is said next', async (t) => {
  const nodes = await openNodes(t)
  const [one, other] = nodes
  for (const { log, listener } of nodes) await log.follow('chat:1', listener)
  await one.say('a')
  const { file, size } = await writesOf()
  await one.say('b')
  const former = await other.log.head('chat:1')
  await redis.kill()
  await truncate(file, size)
  await redis.start()
  await isBack(nodes)
  const { position } = await one.log.append('chat:1', draft('c'), KEPT)
  t.not(position?.epoch, former.epoch)
  for (const { log, listener } of nodes) {
    await until(() => listener.told.includes('gap'), { what: 'the gap is told' })
    t.same(await log.head('chat:1'), position)
    t.equal(listener.told.filter((told) => told === 'gap').length, 1)
  }
  t.same(await other.shown(), ['a', 'c'])
})

t.test('a node that first follows what Redis has left does not speak for it', async (t) => {
  const [one, other] = await openNodes(t, false)
  await one.log.follow('chat:1', one.listener)
  await one.say('a')
  const { file, size } = await writesOf()
  await one.say('b', 'c')
  const former = await one.log.head('chat:1')
  one.link.cut()
  await redis.kill()
  await truncate(file, size)
  await redis.start()
  await isBack([one, other])
  await other.log.follow('chat:1', other.listener)
  const { position } = await other.log.append('chat:1', draft('d'), KEPT)
  t.not(position?.epoch, former.epoch, 'no offset of an epoch is given twice')
  t.equal(position?.offset, 2)
  one.link.back()
  await until(() => one.listener.told.includes('gap'), { what: 'the gap is told' })
  t.same(await one.log.head('chat:1'), position)
  t.same(await one.shown(), ['a', 'd'])
})

t.test('what a node was answered and no node was told is missed where it was lost', async (t) => {
  const nodes = await openNodes(t, false)
  const [one, other] = nodes
  for (const { log, listener } of nodes) await log.follow('chat:1', listener)
  await one.say('a')
  for (const { listener } of nodes) {
    await until(() => listener.told.length === 1, { what: 'both are told' })
  }
  const { file, size } = await writesOf()
  for (const { link } of nodes) link.cut()
  await one.say('b')
  await redis.kill()
  await truncate(file, size)
  await redis.start()
  await isBack(nodes)
  other.link.back()
  const { epoch } = await other.log.head('chat:1')
  one.link.back()
  for (const { log, listener } of nodes) {
    await until(() => listener.told.includes('gap'), { what: 'the gap is told' })
    t.not((await log.head('chat:1')).epoch, epoch)
  }
  const { position } = await one.log.append('chat:1', draft('c'), KEPT)
  t.not(position?.epoch, epoch)
  t.same(await other.shown(), ['a', 'c'])
})

t.test('a node that only redacts what Redis has left does not speak for it', async (t) => {
  const [one, other] = await openNodes(t, false)
  await one.log.follow('chat:1', one.listener)
  await one.say('a')
  const { file, size } = await writesOf()
  await one.say('b', 'c')
  const former = await one.log.head('chat:1')
  one.link.cut()
  await redis.kill()
  await truncate(file, size)
  await redis.start()
  await isBack([one, other])
  t.ok(await other.log.redact('chat:1', 1, former.epoch))
  const { position } = await other.log.append('chat:1', draft('d'), KEPT)
  t.not(position?.epoch, former.epoch, 'no offset of an epoch is given twice')
  one.link.back()
  await until(() => one.listener.told.includes('gap'), { what: 'the gap is told' })
  t.same(await one.log.head('chat:1'), position)
  t.same(await one.shown(), ['', 'd'])
})

t.test('a node that speaks for what Redis has redacts in the same epoch', async (t) => {
  const [one, other] = await openNodes(t, false)
  await one.log.follow('chat:1', one.listener)
  await one.say('a')
  const { epoch } = await one.log.head('chat:1')
  await redis.kill()
  await redis.start()
  await isBack([one, other])
  t.ok(await one.log.redact('chat:1', 1, epoch))
  await other.say('b')
  t.same(await other.log.head('chat:1'), { epoch, offset: 2 })
  await until(() => one.listener.told.includes('b'), { what: 'it is told' })
  t.same(one.listener.told, ['a', 'redacted 1', 'b'])
})

t.test('a node that was cut off while Redis began again and again ends no epoch', async (t) => {
  const nodes = await openNodes(t)
  const [one, other] = nodes
  for (const { log, listener } of nodes) await log.follow('chat:1', listener)
  await one.say('a')
  const former = await other.log.head('chat:1')
  await until(() => one.listener.told.length === 1, { what: 'it is told' })
  one.link.cut()
  for (const text of ['b', 'c', 'd']) {
    await redis.kill()
    await until(() => other.link.away !== null, { what: 'the node knows' })
    await redis.start()
    await isBack([other])
    await other.say(text)
  }
  one.link.back()
  await until(() => one.listener.told.includes('d'), { what: 'the last one is told' })
  t.same(one.listener.told, ['a', 'b', 'c', 'd'])
  t.same(await one.log.head('chat:1'), { epoch: former.epoch, offset: 4 })
})

t.test('what was redacted while a node was cut off is told when it is back', async (t) => {
  const [one, other] = await openNodes(t)
  await one.log.follow('chat:1', one.listener)
  await other.say('a', 'b', 'c')
  await until(() => one.listener.told.length === 3, { what: 'all are told' })
  one.link.cut()
  await other.log.redact('chat:1', 1)
  await other.log.redact('chat:1', 3)
  await other.say('d')
  await other.log.redact('chat:1', 4)
  one.link.back()
  const told = ['a', 'b', 'c', '', 'redacted 1', 'redacted 3', 'redacted 4']
  await until(() => one.listener.told.length >= told.length, { what: 'all is told' })
  t.same(one.listener.told, told)
})

t.test('old messages are deleted, by their number and by their age', async (t) => {
  const [one, other] = await openNodes(t)
  const few = { ...KEPT, retention: { messages: 5, ageMs: null } }
  const young = { ...KEPT, retention: { messages: 1_000, ageMs: 300 } }
  await Promise.all(
    Array.from({ length: 640 }, (_, i) => one.log.append('chat:1', draft(`${i}`), few)),
  )
  const length = async (room: string) =>
    Number(await one.link.send('', ['XLEN', one.keys.room(room, 's')]))
  t.ok((await length('chat:1')) <= 200, 'all but some are deleted')
  t.equal((await other.shown()).length, 5)
  await one.log.append('chat:2', draft('old'), young)
  const summary = () => other.log.summary('chat:2', young.retention)
  t.match(await summary(), { head: { offset: 1 }, oldest: 1 })
  await until(async () => (await summary()).oldest === 2, { what: 'it is too old to be shown' })
  await until(async () => (await length('chat:2')) === 0, { what: 'it is deleted' })
  const head = await other.log.head('chat:2')
  const { position } = await one.log.append('chat:2', draft('young'), young)
  t.same(position, { ...head, offset: 2 }, 'and the offsets go on')
})
