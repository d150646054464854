// The newest keys in memory: everything is found again, whatever the order and however many.
import t from 'tap'
import { hashKey, placeOf } from '../../../src/engine/sqlite/key-entry.ts'
import { KeyIndex } from '../../../src/engine/sqlite/key-index.ts'

const SALT = { first: 0x51ed270b, second: 0x2545f491 }
const BODY = Buffer.from('x')
const hashOf = (key: string) => hashKey(key, 'text', BODY)
const answer = (offset: number) => ({ offset, time: offset * 1_000, generation: 0 })

function indexOf(size: number): KeyIndex {
  const index = new KeyIndex(SALT)
  for (let n = 1; n <= size; n += 1) index.add(hashOf(`k${n}`), answer(n))
  return index
}

t.test('added keys are found, and no others, through every doubling', async (t) => {
  const index = indexOf(20_000)
  t.equal(index.size, 20_000)
  const all = Array.from({ length: 20_000 }, (_, i) => i + 1)
  const wrong = all.filter((n) => index.find(hashOf(`k${n}`))?.offset !== n)
  t.same(wrong, [])
  t.same(
    all.map((n) => index.find(hashOf(`x${n}`))).filter((found) => found !== null),
    [],
  )
})

t.test('a key has its first answer, however large, and tells another body', async (t) => {
  const index = new KeyIndex(SALT)
  const first = { offset: 2 ** 47 + 3, time: Date.UTC(2090, 1), generation: 2 ** 32 - 1 }
  index.add(hashOf('k'), first)
  t.same(index.find(hashOf('k')), { ...first, same: true })
  t.same(index.find(hashKey('k', 'text', Buffer.from('y'))), { ...first, same: false })
  t.same(index.find(hashKey('k', 'json', BODY)), { ...first, same: false }, 'another kind')
})

t.test('keys that were taken back are not found, and those before them are', async (t) => {
  for (const grown of [100, 5_000]) {
    const index = indexOf(100)
    for (let n = 101; n <= grown; n += 1) index.add(hashOf(`k${n}`), answer(n))
    index.truncate(50)
    t.equal(index.size, 50)
    const found = Array.from({ length: grown }, (_, i) => index.find(hashOf(`k${i + 1}`)))
    t.equal(found.filter((one) => one !== null).length, 50)
    index.add(hashOf('k51'), answer(999))
    t.equal(index.find(hashOf('k51'))?.offset, 999)
  }
})

t.test('what is written to the store is the same when it is read', async (t) => {
  const index = indexOf(3_000)
  const copy = new KeyIndex(SALT)
  copy.addAll(index.keysFrom(0).slice(0, 48 * 1_000))
  copy.addAll(index.keysFrom(1_000))
  t.same(copy.keysFrom(0), index.keysFrom(0))
  t.equal(copy.find(hashOf('k2999'))?.offset, 2_999)
})

t.test('[S43] keys that are chosen to stand in one place stand apart', async (t) => {
  // By the bits of a hash alone, without the secret of the store, all of these would be neighbours.
  const chosen = Array.from({ length: 4_096 }, (_, n) => Int32Array.from([7, n, 0, 0]))
  const neighbours = new Map<number, number>()
  for (const hashed of chosen) {
    const place = placeOf(hashed, 0, SALT) >>> 20
    neighbours.set(place, (neighbours.get(place) ?? 0) + 1)
  }
  t.ok(Math.max(...neighbours.values()) < 16)
})
