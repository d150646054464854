// The log between its two threads, whose answers come in any order.
import t from 'tap'
import { Followers } from '../../../src/engine/memory/followers.ts'
import { NO_HOLDER } from '../../../src/engine/shares.ts'
import { readQueues } from '../../../src/engine/sqlite/read-queues.ts'
import { SqliteLog, type SqliteLogParts } from '../../../src/engine/sqlite/stored-log.ts'
import { draft } from '../../contract/support/samples.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { sharesWithin } from '../../support/memory-shares.ts'
import { pageQuery } from '../../support/page-query.ts'

const KEPT = { messages: 100, ageMs: null }
const EPOCH = 'e1'

/** A writer that has committed and whose answer is on its way, and a reader that sees it. */
function threads() {
  const answer = Promise.withResolvers<object>()
  const position = { epoch: EPOCH, offset: 1 }
  const results: { [operation: string]: unknown } = {
    headOf: position,
    summaryOf: { head: position, oldest: 1, redactions: 0 },
    readMessages: { head: position, oldest: 1, redactions: 0, messages: [] },
  }
  const writer = { call: () => answer.promise }
  const call = async (operation: string) => results[operation]
  const reader = { call, callAlone: call }
  const told = () => answer.resolve({ epochs: [EPOCH], offset: [1], repeats: new Map() })
  return { writer, reader, told }
}

t.test('[C173] a message on the disk is not shown before it was told', async (t) => {
  const { writer, reader, told } = threads()
  const followers = new Followers()
  const shares = sharesWithin()
  const parts = {
    ...{ writer, reader, clock: new ManualClock(), followers, shares },
    ...{ queues: readQueues(shares), space: { refusal: null } },
  }
  const log = new SqliteLog(parts as unknown as SqliteLogParts)
  const seen: string[] = []
  followers.follow('chat:1', {
    onMessage: () => seen.push('told'),
    onRedacted: () => {},
    onHidden: () => {},
    onGap: () => {},
  })
  const appended = log.append({
    room: 'chat:1',
    draft: draft('a'),
    retention: KEPT,
    key: null,
    holder: NO_HOLDER,
  })
  const query = pageQuery({ retention: KEPT, limit: 1 })
  const shown = [
    log.head('chat:1').then(() => seen.push('head')),
    log.summary('chat:1', KEPT).then(() => seen.push('summary')),
    log.read('chat:1', query).then(() => seen.push('read')),
  ]
  await log.head('chat:2')
  t.same(seen, [], 'another room does not wait for it')
  told()
  await Promise.all([appended, ...shown])
  t.equal(seen[0], 'told')
  t.same(seen.toSorted(), ['head', 'read', 'summary', 'told'])
})
