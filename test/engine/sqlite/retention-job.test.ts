// Deleting old messages while a store is used: messages that must stay do, also over restarts.
import t, { type Test } from 'tap'
import type { Engine } from '../../../src/engine/engine.ts'
import type { Appended, IdempotencyKey, Retention } from '../../../src/engine/message-log.ts'
import { openEngine } from '../../../src/engine/open-engine.ts'
import { NO_HOLDER } from '../../../src/engine/shares.ts'
import { openForReading, storeIn } from '../../../src/engine/sqlite/file.ts'
import { draft } from '../../contract/support/samples.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { until } from '../../support/until.ts'

const MINUTE_MS = 60_000
/** How often the engine trims. */
const TRIM_MS = 250
const LOOKS_PER_TRIM = 40
const ROOM = 'chat:1'
/** Less than the window of idempotency keys, both by count and by age. */
const LITTLE: Retention = { messages: 20, ageMs: MINUTE_MS }

class Store {
  readonly clock = new ManualClock()
  readonly #folder: string
  engine!: Engine

  constructor(folder: string) {
    this.#folder = folder
  }

  async open(): Promise<void> {
    const settings = { kind: 'sqlite', folder: this.#folder, lockWaitMs: 0 } as const
    this.engine = await openEngine(settings, this.clock)
  }

  async restart(): Promise<void> {
    await this.engine.close()
    await this.open()
  }

  /** Says it, or tries to. */
  async say(text: string, key: string | null = null): Promise<Appended> {
    const named: IdempotencyKey | null = key === null ? null : { value: key, sender: 'user u' }
    return this.engine.log.append(ROOM, draft(text), {
      ...{ retention: LITTLE, holder: NO_HOLDER },
      key: named,
    })
  }

  /** The number of messages on the disk, shown or not. */
  count(): number {
    const db = openForReading(storeIn(this.#folder))
    const row = db.prepare('SELECT count(*) AS n FROM messages').get()
    db.close()
    return Number(row?.n)
  }

  /** Lets a little time pass until this number is left. */
  async trimmedTo(count: number): Promise<void> {
    let looks = 0
    await until(async () => {
      if (looks % LOOKS_PER_TRIM === 0) await this.clock.advance(TRIM_MS)
      looks += 1
      return this.count() === count
    })
  }
}

async function opened(t: Test): Promise<Store> {
  const store = new Store(t.testdir({}))
  await store.open()
  t.teardown(() => store.engine.close())
  return store
}

t.test('[C52] a key is kept for five minutes, whatever its room forgets meanwhile', async (t) => {
  const store = await opened(t)
  const first = new Map<string, Appended>()
  for (let i = 0; i < 40; i += 1) {
    const key = `k${i}`
    const [kept] = await Promise.all([
      store.say(key, key),
      ...Array.from({ length: 50 }, (_, n) => store.say(`${i} ${n}`)),
      store.clock.advance(TRIM_MS),
    ])
    first.set(key, kept)
  }
  const retry = async (): Promise<void> => {
    const again = await Promise.all([...first.keys()].map((key) => store.say(key, key)))
    const answers = [...first.values()].map((answer) => ({ ...answer, repeated: true }))
    t.same(again, answers)
  }
  // The newest twenty stay, and are none of those with keys.
  await store.trimmedTo(60)
  await retry()
  await store.restart()
  await retry()
  await store.clock.advance(4 * MINUTE_MS)
  await store.trimmedTo(40)
  await retry()
  await store.restart()
  await retry()
  await store.clock.advance(2 * MINUTE_MS)
  await store.trimmedTo(0)
  const again = await store.say('k0', 'k0')
  t.equal(again.repeated, false, 'and not for longer')
  t.equal(again.position?.offset, 40 * 51 + 1)
})

t.test('[C94] offsets and epoch go on when all is gone, and over restarts', async (t) => {
  const store = await opened(t)
  const { log } = store.engine
  for (const text of ['a', 'b', 'c']) await store.say(text)
  const head = await log.head(ROOM)
  await store.clock.advance(2 * MINUTE_MS)
  await store.trimmedTo(0)
  t.same(await store.engine.log.head(ROOM), head)
  await store.restart()
  t.same(await store.engine.log.head(ROOM), head)
  t.same((await store.say('d')).position, { ...head, offset: 4 })
})

t.test('[C52] an old key is no fault when its message is gone, its row used again', async (t) => {
  const store = await opened(t)
  await store.say('a', 'k')
  await store.clock.advance(7 * MINUTE_MS)
  await store.trimmedTo(0)
  await store.say('without a key')
  t.match(await store.say('a', 'k'), { repeated: false, position: { offset: 3 } })
})
