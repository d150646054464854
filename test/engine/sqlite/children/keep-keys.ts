// A process that keeps keys until it is killed: node keep-keys.ts <path> <first>
// Prints the number of the last key of each commit. A run is so small that some part of one is
// being written, or of the log being deleted, at any time.
import { openStore } from '../../../../src/engine/sqlite/file.ts'
import { SqliteKeys } from '../../../../src/engine/sqlite/idempotency-keys.ts'
import { hashKey } from '../../../../src/engine/sqlite/key-entry.ts'

const KEYS_PER_COMMIT = 60
const BODY = Buffer.from('x')

const [path = '', first = '1'] = process.argv.slice(2)
const db = openStore(path)
const keys = new SqliteKeys(db, { most: null, reserve: 0, runKeys: 7_000 })
for (let number = Number(first); ; ) {
  const end = number + KEYS_PER_COMMIT
  db.exec('BEGIN IMMEDIATE')
  for (; number < end; number += 1) {
    keys.add(hashKey(`k${number}`, 'text', BODY), { offset: number, time: number, generation: 0 })
  }
  keys.log()
  keys.tend({ openMs: 1 })
  db.exec('COMMIT')
  keys.settle()
  console.log(end - 1)
}
