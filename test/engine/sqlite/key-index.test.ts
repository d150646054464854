// Ids by hash: everything is found again, whatever the order and however many.
import { hash } from 'node:crypto'
import t from 'tap'
import { KeyIndex } from '../../../src/engine/sqlite/key-index.ts'

const hashOf = (key: string): Buffer => hash('sha256', key, 'buffer')

t.test('added ids are found, and no others, through every doubling', async (t) => {
  const index = new KeyIndex()
  for (let id = 1; id <= 20_000; id += 1) index.add(hashOf(`k${id}`), id)
  t.equal(index.size, 20_000)
  const wrong = Array.from({ length: 20_000 }, (_, i) => i + 1).filter((id) => {
    const found = [...index.find(hashOf(`k${id}`))]
    return found.length !== 1 || found[0] !== id
  })
  t.same(wrong, [])
  const strangers = Array.from({ length: 20_000 }, (_, i) => [...index.find(hashOf(`x${i}`))])
  t.same(strangers.flat(), [])
})

t.test('hashes that are alike in the stored bits are both found', async (t) => {
  const index = new KeyIndex()
  const [one, other] = [Buffer.alloc(16, 7), Buffer.alloc(16, 7)]
  other[15] = 8
  index.add(one, 1)
  index.add(other, 2)
  t.same([...index.find(one)], [1, 2])
})

t.test('a removed id is not found, and the id behind it still is', async (t) => {
  const index = new KeyIndex()
  const key = hashOf('k')
  for (const id of [1, 2, 3]) index.add(key, id)
  index.remove(key, 2)
  index.remove(key, 9)
  t.same([...index.find(key)], [1, 3])
  for (let id = 10; id <= 5_000; id += 1) index.add(hashOf(`k${id}`), id)
  t.same([...index.find(key)], [1, 3], 'also after the table has grown')
})
