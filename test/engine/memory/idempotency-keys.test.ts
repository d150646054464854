// How long keys are remembered, and how many.
import t from 'tap'
import { KEYS_MAX } from '../../../src/engine/bounds.ts'
import { EngineUnavailable } from '../../../src/engine/engine.ts'
import {
  IdempotencyKeys,
  KEY_WINDOW_MS,
  keyName,
} from '../../../src/engine/memory/idempotency-keys.ts'
import { NO_HOLDER } from '../../../src/engine/shares.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { heldRow, sharesOf, sharesWithin } from '../../support/memory-shares.ts'

const ANSWER = { position: null, time: 1, repeated: false }

function use(key: string, fingerprint = 'same', room = 'chat:1') {
  return { room, key, fingerprint, answer: ANSWER, holder: NO_HOLDER }
}

t.test('a key is kept for its window, and then may be used for anything', async (t) => {
  const clock = new ManualClock()
  const keys = new IdempotencyKeys(clock, sharesWithin())
  keys.answerOf(use('k', 'first'))
  await clock.advance(KEY_WINDOW_MS - 1)
  t.same(keys.answerOf(use('k', 'first')), { ...ANSWER, repeated: true })
  await clock.advance(1)
  t.same(keys.answerOf(use('k', 'second')), ANSWER)
})

t.test('a repeat does not lengthen the window of a key', async (t) => {
  const clock = new ManualClock()
  const keys = new IdempotencyKeys(clock, sharesWithin())
  keys.answerOf(use('k'))
  await clock.advance(KEY_WINDOW_MS - 1)
  keys.answerOf(use('k'))
  await clock.advance(1)
  t.equal(keys.answerOf(use('k')).repeated, false)
})

t.test('the keys of a room are forgotten, and their shares given back', async (t) => {
  const clock = new ManualClock()
  const shares = sharesWithin()
  const keys = new IdempotencyKeys(clock, shares)
  for (const key of ['a', 'b']) keys.answerOf(use(key))
  keys.answerOf(use('c', 'same', 'chat:2'))
  keys.forgetRoom('chat:1')
  t.equal(shares.held('keys'), 1)
  t.equal(keys.answerOf(use('a', 'another')).repeated, false)
  t.equal(keys.answerOf(use('c', 'same', 'chat:2')).repeated, true)
})

t.test('a new key is refused when too many are kept, and none is forgotten for it', async (t) => {
  const clock = new ManualClock()
  const row = heldRow('idempotencyKeys', { all: KEYS_MAX })
  const keys = new IdempotencyKeys(clock, sharesOf({ keys: row }, clock))
  for (let key = 0; key < KEYS_MAX; key += 1) keys.answerOf(use(`${key}`))
  t.throws(() => keys.answerOf(use('one more')), EngineUnavailable)
  t.equal(keys.answerOf(use('0')).repeated, true)
  await clock.advance(KEY_WINDOW_MS)
  t.equal(keys.answerOf(use('one more')).repeated, false)
})

t.test('names of keys are equal only when room, sender and value are', async (t) => {
  const names = [
    keyName('a', { sender: 'b', value: 'c' }),
    keyName('a', { sender: 'bc', value: '' }),
    keyName('ab', { sender: '', value: 'c' }),
    keyName('a', { sender: 'b"', value: 'c' }),
    keyName('a', { sender: 'b","', value: 'c' }),
  ]
  t.equal(new Set(names).size, names.length)
  t.equal(keyName('a', { sender: 'b', value: 'c' }), names[0])
})
