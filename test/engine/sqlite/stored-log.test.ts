// The log between its two threads, whose answers come in any order.
import t from 'tap'
import { Followers } from '../../../src/engine/memory/followers.ts'
import { NO_HOLDER, Reached } from '../../../src/engine/shares.ts'
import { newOffsetsUnderway } from '../../../src/engine/sqlite/offsets-underway.ts'
import { readQueues } from '../../../src/engine/sqlite/read-queues.ts'
import { SqliteLog, type SqliteLogParts } from '../../../src/engine/sqlite/stored-log.ts'
import { draft } from '../../contract/support/samples.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { heldRow, sharesOf, sharesWithin } from '../../support/memory-shares.ts'
import { pageQuery } from '../../support/page-query.ts'
import { turn } from '../../support/test-rooms.ts'

const KEPT = { messages: 100, ageMs: null }
const EPOCH = 'e1'

/** A writer whose answer is on its way, and a reader that sees its commit or not. */
function threads({ isCommitted = true } = {}) {
  const answer = Promise.withResolvers<object>()
  const offsets = newOffsetsUnderway()
  const position = { epoch: EPOCH, offset: isCommitted ? 1 : 0 }
  const results: { [operation: string]: unknown } = {
    headOf: position,
    summaryOf: { head: position, oldest: 1, redactions: 0, userRedactions: 0 },
    readMessages: { head: position, oldest: 1, redactions: 0, userRedactions: 0, messages: [] },
  }
  const keep = () => {
    offsets[0] = 1
    return answer.promise
  }
  const writer = { call: keep, away: null }
  const call = async (operation: string) => results[operation]
  const reader = { call, callAlone: call }
  const told = () => answer.resolve({ epochs: [EPOCH], offset: [1], repeats: new Map(), moved: [] })
  return { writer, offsets, reader, told, fail: () => answer.reject(new Error('broken')) }
}

/** A log between such threads, and what happened with it. */
function logOf(parts: ReturnType<typeof threads>, shares = sharesWithin()) {
  const followers = new Followers()
  const rest = { clock: new ManualClock(), followers, shares, space: { refusal: null } }
  const queues = readQueues(shares)
  const log = new SqliteLog({ ...parts, ...rest, queues } as unknown as SqliteLogParts)
  const seen: string[] = []
  followers.follow('chat:1', {
    onMessage: () => seen.push('told'),
    onRedacted: () => {},
    onHidden: () => {},
    onUserRedacted: () => seen.push('user redacted'),
    onRecounted: () => {},
    onGap: () => seen.push('gap'),
  })
  const say = (text: string) =>
    log.append({
      ...{ room: 'chat:1', retention: KEPT, key: null, holder: NO_HOLDER },
      draft: draft(text),
    })
  const reads = () => [
    log.head('chat:1').then(() => seen.push('head')),
    log.summary('chat:1', KEPT).then(() => seen.push('summary')),
    log.read('chat:1', pageQuery({ retention: KEPT })).then(() => seen.push('read')),
  ]
  return { log, seen, say, reads }
}

const errorOf = (said: unknown): Promise<unknown> =>
  Promise.resolve(said).then(
    () => null,
    (error: unknown) => error,
  )

t.test(
  '[C214] [C216] what deletes much comes between two commits, and is told there',
  async (t) => {
    const { told: _, ...parts } = threads()
    const calls: string[] = []
    const commits: PromiseWithResolvers<object>[] = []
    const call = (operation: string) => {
      calls.push(operation)
      if (operation === 'deleteRoom') return Promise.resolve({ epoch: EPOCH, offset: 3 })
      if (operation === 'redactUser') return Promise.resolve()
      const commit = Promise.withResolvers<object>()
      commits.push(commit)
      return commit.promise
    }
    const { log, seen, say } = logOf({
      ...parts,
      told: () => {},
      writer: { call, away: null } as typeof parts.writer,
    })
    const answer = (...offset: number[]) =>
      commits.shift()?.resolve({ epochs: [EPOCH], offset, repeats: new Map(), moved: [] })
    const early = [say('a')]
    // Together they are more than is told in one turn.
    for (let i = 0; i < 3; i += 1) early.push(say('x'.repeat(200_000)))
    answer(1)
    await early[0]
    await turn()
    const changes = [log.deleteRoom('chat:1'), log.redactUser('u_ada')]
    const late = say('b')
    answer(2, 3, 4)
    await Promise.all([...early, ...changes])
    await turn()
    answer(1)
    await late
    const changed = ['deleteRoom', 'redactUser']
    t.same(calls, ['keepMessages', 'keepMessages', ...changed, 'keepMessages'])
    t.same(seen, [...Array(4).fill('told'), 'gap', 'user redacted', 'told'])
  },
)

t.test(
  'changes and commits take turns, and the changes that wait are one transaction',
  async (t) => {
    const { told: _, ...parts } = threads()
    const calls: string[] = []
    const answers: ((answer: object | null) => void)[] = []
    const call = (operation: string) => {
      calls.push(operation)
      return new Promise<object | null>((resolve) => answers.push(resolve))
    }
    const { log, say } = logOf({
      ...parts,
      told: () => {},
      writer: { call, away: null } as unknown as typeof parts.writer,
    })
    const answerAll = async (answer: object | null) => {
      for (const resolve of answers.splice(0)) resolve(answer)
      await turn()
    }
    const kept = { epochs: [EPOCH], offset: [1], repeats: new Map(), moved: [] }
    const said = [say('a')]
    const changed = [log.deleteRoom('chat:1'), log.redactUser('u_ada')]
    await answerAll(kept)
    said.push(say('b'))
    changed.push(log.redactUser('u_bob'))
    t.same(calls, ['keepMessages', 'deleteRoom', 'redactUser'])
    await answerAll(null)
    t.same(calls.slice(3), ['keepMessages'], 'what was said meanwhile comes first')
    await answerAll(kept)
    t.same(calls.slice(4), ['redactUser'])
    await answerAll(null)
    await Promise.all([...said, ...changed])
  },
)

t.test('[C201] a change whose transaction does not end is answered', async (t) => {
  const { told: _, ...parts } = threads()
  const call = () => new Promise(() => {})
  const { log } = logOf({
    ...parts,
    told: () => {},
    writer: { call, away: null } as unknown as typeof parts.writer,
  })
  const refused = [errorOf(log.deleteRoom('chat:1')), errorOf(log.redactUser('u_ada'))]
  log.giveUp('no answer')
  const errors = await Promise.all(refused)
  t.match(errors, [{ outcome: 'unknown' }, { outcome: 'nothing' }])
})

t.test('a change that waits for a store that is away is refused with the drafts', async (t) => {
  const { told, ...parts } = threads()
  const { log, say, seen } = logOf({ told, ...parts })
  const said = say('a')
  const refused = [errorOf(log.deleteRoom('chat:1')), errorOf(log.redactUser('u_ada'))]
  log.giveUp('It hangs.')
  for (const error of await Promise.all(refused)) t.match(error, { message: 'It hangs.' })
  told()
  await errorOf(said)
  await turn()
  t.same(seen, ['told'], 'and neither is done later')
})

t.test('[C93] a message on the disk is not shown before it was told', async (t) => {
  const { told, ...parts } = threads()
  const { log, seen, say, reads } = logOf({ told, ...parts })
  const appended = say('a')
  const shown = reads()
  await log.head('chat:2')
  t.same(seen, [], 'another room does not wait for it')
  told()
  await Promise.all([appended, ...shown])
  t.equal(seen[0], 'told')
  t.same(seen.toSorted(), ['head', 'read', 'summary', 'told'])
})

t.test('[C200] a read waits for no commit that it shows nothing of', async (t) => {
  const parts = threads({ isCommitted: false })
  const { seen, say, reads } = logOf(parts)
  const appended = say('a')
  await Promise.all(reads())
  t.same(seen, ['head', 'summary', 'read'])
  parts.told()
  t.match(await appended, { position: { offset: 1 } })
})

t.test('[C246] a read that shows a commit without an answer is refused with it', async (t) => {
  const { log, seen, say, reads } = logOf(threads())
  const said = errorOf(say('a'))
  const shown = reads().map(errorOf)
  await turn()
  log.giveUp('no answer')
  t.match(await said, { outcome: 'unknown' })
  for (const error of await Promise.all(shown)) t.match(error, { name: 'EngineUnavailable' })
  t.same(seen, [], 'no client sees what the members were not told')
})

t.test('[C201] a publish whose commit does not end is answered, and told if it does', async (t) => {
  const parts = threads({ isCommitted: false })
  const { log, seen, say, reads } = logOf(parts)
  const [underway, waiting] = [say('a'), say('b')]
  const errors = Promise.all([underway, waiting].map(errorOf))
  log.giveUp('no answer')
  const retry = { refusal: { retryAfter: 1 } }
  t.match(await errors, [
    { outcome: 'unknown', ...retry },
    { outcome: 'nothing', ...retry },
  ])
  await Promise.all(reads())
  t.same(seen, ['head', 'summary', 'read'])
  parts.told()
  await log.settled()
  t.same(seen.filter((what) => what === 'told').length, 1, 'a member has no gap')
})

t.test('[S43] bytes that wait for the disk are given back, however it ends', async (t) => {
  const row = heldRow('waitingForDisk', { all: 10, of: 'bytes' })
  const shares = sharesOf({ waitingForDisk: row })
  for (const end of ['told', 'fail', 'giveUp'] as const) {
    const parts = threads()
    const { log, say } = logOf(parts, shares)
    // The first begins a commit at once, so that the second waits.
    const said = [say('six by'), say('ten bytes!')]
    t.match(await errorOf(say('x')), { full: { limit: 'waitingForDisk' } }, end)
    if (end === 'giveUp') log.giveUp('no answer')
    else parts[end]()
    await Promise.allSettled(said)
    const all = shares.take('waitingForDisk', NO_HOLDER, 10)
    t.notOk(all instanceof Reached, `${end}: nothing is held any more`)
    if (!(all instanceof Reached)) all.release()
  }
})
