// Rules that change between two runs of a store: they reach rooms in which nothing is said any
// more, and what a rule hid is not shown again.
import t, { type Test } from 'tap'
import type { Engine } from '../../../src/engine/engine.ts'
import type { Retention } from '../../../src/engine/message-log.ts'
import { openEngine } from '../../../src/engine/open-engine.ts'
import { NO_HOLDER } from '../../../src/engine/shares.ts'
import { openForReading, openStore, storeIn } from '../../../src/engine/sqlite/file.ts'
import { RulesWalk } from '../../../src/engine/sqlite/rules-walk.ts'
import { RULE_DEFAULTS, roomRules } from '../../../src/room/rule.ts'
import { draft } from '../../contract/support/samples.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { pageQuery } from '../../support/page-query.ts'

const LONG: Retention = { messages: 100, ageMs: null }
const SHORT: Retention = { messages: 3, ageMs: null }
const ROOM = 'chat:1'

const rulesOf = (history: Retention | null, match = '*') =>
  roomRules([{ ...RULE_DEFAULTS, match, history }])

/** A store that is opened again and again, each time with a rule for all rooms. */
class Store {
  readonly clock = new ManualClock()
  readonly folder: string
  engine: Engine | null = null

  constructor(t: Test) {
    this.folder = t.testdir({})
    t.teardown(() => this.engine?.close())
  }

  async run(history: Retention | null, match = '*'): Promise<Engine> {
    await this.engine?.close()
    const settings = { kind: 'sqlite', folder: this.folder, lockWaitMs: 0 } as const
    const opening = { rules: rulesOf(history, match) }
    this.engine = await openEngine(settings, this.clock, undefined, opening)
    return this.engine
  }

  /** The oldest offset that a rule which keeps everything shows. */
  async oldest(): Promise<number | undefined> {
    return (await this.engine?.log.summary(ROOM, LONG))?.oldest
  }

  count(): number {
    const db = openForReading(storeIn(this.folder))
    const row = db.prepare('SELECT count(*) AS n FROM messages').get()
    db.close()
    return Number(row?.n)
  }
}

async function opened(t: Test): Promise<Store> {
  const store = new Store(t)
  const { log } = await store.run(LONG)
  const options = { retention: LONG, key: null, holder: NO_HOLDER }
  for (let i = 0; i < 10; i += 1) await log.append(ROOM, draft('x'), options)
  return store
}

t.test(
  '[C191] a shorter rule reaches a quiet room, also if the process ends at once',
  async (t) => {
    const store = await opened(t)
    await store.run(SHORT)
    const { log } = await store.run(LONG)
    t.equal(await store.oldest(), 8)
    t.equal(store.count(), 3)
    const { head, messages } = await log.read(ROOM, pageQuery())
    t.same([head.offset, messages.length], [10, 3])
  },
)

t.test('[C191] history that was switched off is not there when it comes back', async (t) => {
  const store = await opened(t)
  await store.run(null)
  t.equal(store.count(), 0)
  const { log } = await store.run(LONG)
  t.equal(await store.oldest(), 11)
  const options = { retention: LONG, key: null, holder: NO_HOLDER }
  const { position } = await log.append(ROOM, draft('x'), options)
  t.equal(position?.offset, 11, 'and offsets go on')
  t.equal(await store.oldest(), 11)
})

t.test('a room that no rule is for keeps what it kept', async (t) => {
  const store = await opened(t)
  await store.run(SHORT, 'other:*')
  await store.run(LONG)
  t.equal(await store.oldest(), 1)
})

t.test('rules reach every room, however many there are', async (t) => {
  const store = await opened(t)
  await store.engine?.close()
  const db = openStore(storeIn(store.folder))
  db.exec(`
    WITH RECURSIVE numbers (value) AS
      (SELECT 1 UNION ALL SELECT value + 1 FROM numbers WHERE value < 2500)
    INSERT INTO rooms (name, generation, newest, messages_max, age_max_ms, due_at)
    SELECT 'quiet:' || value, 0, 0, 100, NULL, ${Number.MAX_SAFE_INTEGER}
    FROM numbers`)
  db.close()
  await store.run(SHORT)
  const after = openForReading(storeIn(store.folder))
  const changed = after.prepare('SELECT count(*) AS n FROM rooms WHERE messages_max = 3').get()
  after.close()
  t.equal(changed?.n, 2_501)
})

t.test('rules that come back in the middle of a walk are walked with again', async (t) => {
  const noted: string[] = []
  const reader = {
    call: async (name: string) => (name === 'rulesInForce' ? rulesOf(LONG).digest : []),
  }
  const writer = { call: async (_: string, args: unknown) => void noted.push(JSON.stringify(args)) }
  const slice = async () => ({ more: false, changes: 0, hidden: [] })
  const parts = { reader, writer, slice } as unknown as ConstructorParameters<typeof RulesWalk>[0]
  await new RulesWalk({ ...parts, rules: rulesOf(LONG) }).begin()
  t.same(noted, [], 'rules that are in force already cost nothing')
  const { digest } = rulesOf(SHORT)
  await new RulesWalk({ ...parts, rules: rulesOf(SHORT) }).begin()
  t.same(
    noted,
    [{ digest: '' }, { digest }].map((args) => JSON.stringify(args)),
  )
})
