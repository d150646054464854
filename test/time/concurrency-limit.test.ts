// The limit of expensive work: a number of jobs at once, a number that waits, and refusals beyond.
import { test } from 'tap'
import { SharedWork } from '../../src/engine/shared-work.ts'
import { NO_HOLDER } from '../../src/engine/shares.ts'
import { ConcurrencyLimit } from '../../src/time/concurrency-limit.ts'
import { heldRow, sharesOf } from '../support/memory-shares.ts'

/** Work that lasts until it is told to end, and a count of what runs. */
class Work {
  running = 0
  most = 0
  readonly #ends: (() => void)[] = []

  start = async (): Promise<string> => {
    this.running += 1
    this.most = Math.max(this.most, this.running)
    await new Promise<void>((resolve) => this.#ends.push(resolve))
    this.running -= 1
    return 'done'
  }

  async endOne(): Promise<void> {
    this.#ends.shift()?.()
    await new Promise(setImmediate)
  }
}

test('[S21] no more than the bound run at once, and all get their turn', async (t) => {
  const limit = new ConcurrencyLimit(2)
  const work = new Work()
  const all = Promise.all(Array.from({ length: 6 }, () => limit.pass(work.start)))
  t.equal(work.running, 2)
  for (let ended = 0; ended < 6; ended += 1) await work.endOne()
  t.same(await all, Array(6).fill('done'))
  t.equal(work.most, 2)
})

test('[S21] when too many wait already the next is refused with its limit', async (t) => {
  const shares = sharesOf({ hashes: heldRow('loginsAtOnce', { all: 2 }) })
  const hashing = new SharedWork(shares, 'hashes', 1)
  const pass = (): Promise<string> => hashing.run(NO_HOLDER, work.start)
  const work = new Work()
  const first = pass()
  const second = pass()
  await t.rejects(pass(), { name: 'Refusal', limit: 'loginsAtOnce' })
  await work.endOne()
  await work.endOne()
  t.same(await Promise.all([first, second]), ['done', 'done'])
})

test('work that fails gives its place to the next', async (t) => {
  const limit = new ConcurrencyLimit(1)
  const failing = limit.pass(() => Promise.reject(new Error('it broke')))
  const next = limit.pass(async () => 'next')
  await t.rejects(failing, /it broke/)
  t.equal(await next, 'next')
  t.equal(await limit.pass(async () => 'later'), 'later')
})
