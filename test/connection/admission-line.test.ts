// The line of streams that wait for their admission, without a server.
import { test } from 'tap'
import {
  ADMISSION_WAIT_MS,
  AdmissionLine,
  type Applicant,
} from '../../src/connection/admission-line.ts'
import { type Holder, NO_HOLDER, Reached } from '../../src/engine/shares.ts'
import { Refusal } from '../../src/protocol/errors.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { sharesWithin } from '../support/memory-shares.ts'

const from = (address: string): Holder => ({ ...NO_HOLDER, address })
const BACK_END: Holder = { ...NO_HOLDER, server: 'shop' }

/** A line before a rate of ten a second, one of them for server keys, and three for an address. */
function scene() {
  const clock = new ManualClock()
  const shares = sharesWithin({ handshakesPerSecond: 10 }, clock)
  const line = new AdmissionLine(clock, shares)
  const admitted: string[] = []
  const refused: Record<string, unknown> = {}
  let attempts = 0
  const ask = (name: string, holder: Holder, more: Partial<Applicant> = {}) => {
    const attempt = () => {
      attempts += 1
      return shares.spend('handshakes', holder)
    }
    const asked = line.admit({ holder, attempt, isGone: () => false, ...more })
    const heard = asked.then(
      () => void admitted.push(name),
      (error) => {
        refused[name] = error instanceof Refusal ? error.limit : error
      },
    )
    return heard
  }
  return { clock, shares, ask, admitted, refused, attempts: () => attempts }
}

const turn = () => new Promise(setImmediate)

test('[C175] those that wait are admitted in their order, as there is room', async (t) => {
  const { clock, shares, ask, admitted, refused } = scene()
  for (let i = 0; i < 14; i += 1) void ask(`${i}`, from(`192.0.2.${i}`))
  await turn()
  const upTo = (count: number) => Array.from({ length: count }, (_, i) => `${i}`)
  t.same(admitted, upTo(9))
  t.equal(shares.held('waitingStreams'), 5)
  await clock.advance(300)
  t.same(admitted, upTo(12))
  void ask('late', from('192.0.2.99'))
  void ask('shop', BACK_END)
  await turn()
  t.same(admitted.slice(12), ['shop'], 'a back end waits behind no stranger')
  await clock.advance(1_000)
  t.same(admitted.slice(13), ['12', '13', 'late'])
  t.same(refused, {})
  t.same([shares.held('waitingStreams'), clock.timers], [0, 0], 'nothing is left')
})

test('[C175] an address that has to wait holds up no other', async (t) => {
  const { clock, ask, admitted, attempts } = scene()
  for (let i = 0; i < 50; i += 1) void ask(`flood ${i}`, from('192.0.2.1'))
  await turn()
  void ask('good', from('192.0.2.2'))
  const before = attempts()
  await clock.advance(50)
  t.same(admitted, ['flood 0', 'flood 1', 'flood 2', 'good'])
  t.equal(attempts() - before, 2, 'the rest of the flood is not tried in vain')
})

test('[C175] after ten seconds the answer is that of a handshake', async (t) => {
  const { clock, shares, ask, admitted, refused } = scene()
  const full = new Reached('connections', 'all', 5, 'This server is full.')
  const asked = ask('late', from('192.0.2.1'), { attempt: () => full })
  await clock.advance(ADMISSION_WAIT_MS - 100)
  t.same(refused, {})
  await clock.advance(200)
  await asked
  t.same([admitted, refused], [[], { late: 'connections' }])
  t.same([shares.held('waitingStreams'), clock.timers], [0, 0])
})

test('[C175] how many wait is bounded, and an address has a tenth', async (t) => {
  const { ask, shares, refused } = scene()
  const full = new Reached('connections', 'all', 5, 'This server is full.')
  const attempt = () => full
  for (let i = 0; i < 1_001; i += 1) void ask(`${i}`, from('192.0.2.1'), { attempt })
  await turn()
  t.same(refused, { 1000: 'streamsWaiting' })
  for (let i = 0; i < 8_000; i += 1) {
    void ask(`a${i}`, from(`198.51.100.${i % 100}`), { attempt })
  }
  await turn()
  t.equal(shares.held('waitingStreams'), 9_000)
  void ask('good', from('203.0.113.1'), { attempt })
  await turn()
  t.same(refused, { 0: 'streamsWaiting', 1000: 'streamsWaiting' }, 'the oldest made room')
})

test('[C175] a client that has gone away waits no longer, and takes nothing', async (t) => {
  const { clock, shares, ask, admitted, refused, attempts } = scene()
  for (let i = 0; i < 9; i += 1) void ask(`${i}`, from(`192.0.2.${i}`))
  void ask('gone', from('192.0.2.99'), { isGone: () => true })
  await turn()
  const before = attempts()
  await clock.advance(2_000)
  t.same([admitted.length, Object.keys(refused)], [9, ['gone']])
  t.same([attempts(), shares.held('waitingStreams'), clock.timers], [before, 0, 0])
})

test('[C175] what an attempt throws ends the wait', async (t) => {
  const { clock, ask, refused } = scene()
  const draining = new Error('going down')
  let isDraining = false
  const attempt = () => {
    if (isDraining) throw draining
    return new Reached('connections', 'all', 5, 'This server is full.')
  }
  void ask('one', from('192.0.2.1'), { attempt })
  await clock.advance(100)
  isDraining = true
  await clock.advance(100)
  t.same(refused, { one: draining })
  t.equal(clock.timers, 0)
})
