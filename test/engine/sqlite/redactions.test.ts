// How many messages of a room were redacted in its epoch, as its store counts them.
import t from 'tap'
import { openStore } from '../../../src/engine/sqlite/file.ts'
import { messageWrites } from '../../../src/engine/sqlite/message-writes.ts'
import { pack } from '../../../src/engine/sqlite/packed-drafts.ts'
import { markAsCopy, renewIfCopied } from '../../../src/engine/sqlite/schema.ts'

const DAY_MS = 86_400_000
const START = 1_700_000_000_000

function store() {
  const db = openStore(':memory:')
  const { writes } = messageWrites(db)
  const say = (room: string) =>
    writes.keepMessages(
      pack([
        {
          ...{
            room,
            kind: 'text',
            payload: Buffer.from('x'),
            user: null,
            name: null,
            time: START,
            key: null,
            holder: null,
            keyAddress: null,
          },
          retention: { messages: 10, ageMs: DAY_MS },
        },
      ]),
    )
  const redact = (room: string, offset: number) =>
    writes.redactMessage({ room, offset, now: START })
  const redactions = (room: string) =>
    db.prepare('SELECT redactions FROM rooms WHERE name = ?').get(room)?.redactions
  return { db, writes, say, redact, redactions }
}

t.test('each redaction counts once, in its room alone', async (t) => {
  const { say, redact, redactions } = store()
  for (const room of ['a', 'a', 'a', 'b']) say(room)
  t.equal(redactions('a'), 0)
  for (const offset of [2, 2, 3, 9]) redact('a', offset)
  redact('nowhere', 1)
  t.same([redactions('a'), redactions('b')], [2, 0])
})

t.test('a room that begins a new epoch has no redactions', async (t) => {
  const { writes, say, redact, redactions } = store()
  say('a')
  redact('a', 1)
  for (const days of [2, 3, 34]) {
    writes.trimMessages({ now: START + days * DAY_MS, units: 1_000 })
  }
  say('a')
  t.equal(redactions('a'), 0)
})

t.test('a restored copy has new epochs, and no redactions in them', async (t) => {
  const { db, say, redact, redactions } = store()
  say('a')
  redact('a', 1)
  markAsCopy(db)
  renewIfCopied(db)
  t.equal(redactions('a'), 0)
})
