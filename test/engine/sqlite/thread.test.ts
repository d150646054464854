// How calls are gathered into batches, and how they end when the thread fails.
import { Worker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import { EngineRefused, EngineUnavailable } from '../../../src/engine/engine.ts'
import {
  BATCH_MAX,
  type SqliteThread,
  startSqliteThread,
  WAITING_MAX,
  type WhileAway,
} from '../../../src/engine/sqlite/thread.ts'
import type { Clock } from '../../../src/time/clock.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { ManualClock } from '../../support/manual-clock.ts'

/**
 * The operations of the stand-in below. All but `die` answer with the number of calls in their
 * batch.
 */
type Operations = {
  count: (args: null) => number
  reject: (args: null) => number
  failBatch: (args: null) => number
  /** Its batch has written nothing. */
  idle: (args: null) => number
  die: (args: null) => number
  throw: (args: null) => number
}

/** Keeps the protocol of `serve`, without SQLite. */
const STAND_IN = `
  const { parentPort } = require('node:worker_threads')
  function answer(calls) {
    const named = (name) => calls.some(([operation]) => operation === name)
    if (named('die')) process.exit(3)
    if (named('throw')) throw new Error('out of luck')
    if (named('failBatch')) return { type: 'failed', reason: 'the disk is full' }
    const each = ([operation]) =>
      operation === 'reject' ? { error: 'your own fault' } : { value: calls.length }
    return { type: 'answers', answers: calls.map(each), idle: named('idle') }
  }
  parentPort.on('message', (message) => {
    if (message.type === 'close') parentPort.close()
    else parentPort.postMessage(answer(message.calls))
  })
  parentPort.postMessage({ type: 'opened' })`

async function started(t: Test, ...more: [Clock?, WhileAway?]): Promise<SqliteThread<Operations>> {
  const [clock = systemClock, whileAway] = more
  const worker = new Worker(STAND_IN, { eval: true })
  t.teardown(() => worker.terminate())
  return startSqliteThread<Operations>(worker, clock, whileAway)
}

function times<Result>(count: number, run: () => Result): Result[] {
  return Array.from({ length: count }, run)
}

t.test('calls of one turn go together, and those made meanwhile in the next batch', async (t) => {
  const thread = await started(t)
  const first = times(100, () => thread.call('count', null))
  await new Promise(setImmediate)
  const next = times(10, () => thread.call('count', null))
  t.same(
    await Promise.all(first),
    times(100, () => 100),
  )
  t.same(
    await Promise.all(next),
    times(10, () => 10),
  )
})

t.test('no batch is larger than its bound', async (t) => {
  const thread = await started(t)
  const sizes = await Promise.all(times(2 + BATCH_MAX, () => thread.call('count', null)))
  t.same(sizes, [...times(BATCH_MAX, () => BATCH_MAX), 2, 2])
})

t.test(
  'a call waits for one call that takes long at most, and those are not held up',
  async (t) => {
    const thread = await started(t)
    const order: string[] = []
    const long = () => thread.callAlone('count', null).then((size) => order.push(`long ${size}`))
    const short = () => thread.call('count', null).then((size) => order.push(`short ${size}`))
    const calls = times(3, long)
    await new Promise(setImmediate)
    calls.push(...times(2, short))
    await Promise.race(calls.slice(3))
    calls.push(short())
    await Promise.all(calls)
    t.same(order, ['long 1', 'short 2', 'short 2', 'long 1', 'short 1', 'long 1'])
  },
)

t.test('one call more than may wait is turned away, and the others are served', async (t) => {
  const thread = await started(t)
  const calls = times(WAITING_MAX, () => thread.call('count', null))
  await t.rejects(thread.call('count', null), EngineUnavailable)
  t.equal((await Promise.all(calls)).length, WAITING_MAX)
  t.equal(await thread.call('count', null), 1, 'there is room again')
})

t.test('a call at fault is rejected alone', async (t) => {
  const thread = await started(t)
  const before = thread.call('count', null)
  const [wrong, right] = [thread.call('reject', null), thread.call('count', null)]
  await t.rejects(wrong, { name: 'Error', message: 'your own fault' })
  t.same(await Promise.all([before, right]), [3, 3])
  t.same(thread.health(), { ready: true })
})

t.test('a batch that failed rejects all of its calls, and the next one is tried', async (t) => {
  const thread = await started(t)
  const before = thread.call('count', null)
  t.equal(await before, 1)
  const failing = [thread.call('count', null), thread.call('failBatch', null)]
  for (const call of failing) await t.rejects(call, EngineUnavailable)
  t.same(thread.health(), { ready: false, reason: 'the disk is full' })
  t.equal(await thread.call('count', null), 1)
  t.same(thread.health(), { ready: true })
})

t.test('a batch that wrote nothing does not say that the store is there again', async (t) => {
  const thread = await started(t)
  await t.rejects(thread.call('failBatch', null), EngineUnavailable)
  t.equal(await thread.call('idle', null), 1)
  t.same(thread.health(), { ready: false, reason: 'the disk is full' })
  t.equal(await thread.call('count', null), 1)
  t.same(thread.health(), { ready: true })
})

t.test(
  '[C200] once the store is away calls are refused at once, until a probe wrote',
  async (t) => {
    const thread = await started(t, systemClock, 'refused')
    const failing = thread.call('failBatch', null)
    await new Promise(setImmediate)
    const behind = [thread.call('count', null), thread.callAlone('count', null)]
    for (const call of [failing, ...behind]) await t.rejects(call, { message: 'the disk is full' })
    await t.rejects(thread.call('count', null), { message: 'the disk is full' })
    t.equal(await thread.probe('idle', null), 1)
    await t.rejects(thread.call('count', null), { message: 'the disk is full' })
    t.equal(await thread.probe('count', null), 1)
    t.equal(await thread.call('count', null), 1)
  },
)

t.test('[C201] [C247] what waits behind a batch without an answer may be given up', async (t) => {
  const clock = new ManualClock()
  const thread = await started(t, clock, 'refused')
  t.equal(thread.unansweredMs, 0)
  const underway = thread.call('count', null)
  await new Promise(setImmediate)
  const behind = [thread.call('count', null), thread.callAlone('count', null)]
  await clock.advance(2_000)
  clock.stall(9_000)
  t.equal(thread.unansweredMs, 2_000, 'a process that stood still has waited for nothing')
  thread.giveUp('no answer')
  for (const call of behind) await t.rejects(call, { message: 'no answer' })
  t.match(thread.health(), { ready: false })
  t.equal(await underway, 1)
  t.same(thread.health(), { ready: true }, 'the answer says that it wrote')
  t.equal(thread.unansweredMs, 0)
})

const deaths = { die: /ended \(code 3\)/, throw: /failed: out of luck/ }

for (const [operation, reason] of Object.entries(deaths)) {
  t.test(`everything is turned away after a thread's death by ${operation}`, async (t) => {
    const thread = await started(t)
    const calls = [
      thread.call(operation as keyof Operations, null),
      ...times(3, () => thread.call('count', null)),
    ]
    for (const outcome of await Promise.allSettled(calls)) {
      t.match(outcome, { status: 'rejected', reason: { name: 'EngineUnavailable' } })
    }
    t.match(thread.health(), { ready: false, reason })
    await t.rejects(thread.call('count', null), { name: 'EngineUnavailable', message: reason })
    await thread.close()
  })
}

t.test('close finishes the accepted calls and takes no more', async (t) => {
  const thread = await started(t)
  const calls = times(10, () => thread.call('count', null))
  const closed = thread.close()
  await t.rejects(thread.call('count', null), EngineUnavailable)
  t.same(
    await Promise.all(calls),
    times(10, () => 10),
  )
  await closed
  await thread.close()
  t.match(thread.health(), { ready: false, reason: /closed/ })
})

t.test('a thread that says no, or ends before it opened, is a refusal', async (t) => {
  const refusal = "{ type: 'refused', message: 'wrong file' }"
  const no = `require('node:worker_threads').parentPort.postMessage(${refusal})`
  const refused = startSqliteThread(new Worker(no, { eval: true }), systemClock)
  await t.rejects(refused, new EngineRefused('wrong file'))
  const ended = startSqliteThread(new Worker('process.exit(1)', { eval: true }), systemClock)
  await t.rejects(ended, { name: 'EngineRefused', message: /ended/ })
})
