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
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** How often the engine tends keys. */
const TEND_MS = 1_000
/** How often the engine trims. */
const TRIM_MS = 250
const LOOKS_PER_TRIM = 40
const ROOM = 'chat:1'
/** Less than idempotency keys hold, both by count and by age. */
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

  /** Lets time pass, for the most part without the work of every second. */
  async pass(ms: number): Promise<void> {
    this.clock.leap(ms - 2 * TEND_MS)
    await this.clock.advance(TEND_MS)
    await this.engine.log.redact('none', 1)
    await this.clock.advance(TEND_MS)
    await this.engine.log.redact('none', 1)
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

t.test('[C221] a key holds for 24 hours, whatever its room forgets meanwhile', async (t) => {
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
  await store.trimmedTo(20)
  await retry()
  await store.restart()
  await retry()
  await store.pass(8 * HOUR_MS)
  await store.restart()
  for (let hours = 8; hours < 24; hours += 8) await store.pass(8 * HOUR_MS)
  await retry()
  t.equal(store.count(), 0)
  for (let hours = 24; hours < 48; hours += 12) await store.pass(12 * HOUR_MS)
  const again = await store.say('k0', 'k0')
  t.equal(again.repeated, false, 'and not for ever')
  t.equal(again.position?.offset, 40 * 51 + 1)
})

t.test('[C221] a clock that is set makes no key hold shorter, and none for ever', async (t) => {
  const store = await opened(t)
  const first = await store.say('a', 'k')
  for (const days of [400, -800, 399]) {
    store.clock.jump(days * DAY_MS)
    await store.pass(4 * MINUTE_MS)
    t.same(await store.say('a', 'k'), { ...first, repeated: true }, `${days} days on`)
    await store.restart()
    t.same(await store.say('a', 'k'), { ...first, repeated: true }, 'and over a restart')
  }
  store.clock.jump(-400 * DAY_MS)
  for (let hours = 0; hours < 48; hours += 12) await store.pass(12 * HOUR_MS)
  t.equal((await store.say('a', 'k')).repeated, false)
})

t.test('[C221] a message that was redacted or is gone is not said again', async (t) => {
  const store = await opened(t)
  const { clock, engine } = store
  const first = await store.say('a', 'k')
  const retry = async (what: string) => {
    t.same(await store.say('a', 'k'), { ...first, repeated: true }, what)
  }
  await engine.log.redact(ROOM, 1)
  await retry('redacted')
  await clock.advance(2 * MINUTE_MS)
  await store.trimmedTo(0)
  await retry('trimmed')
  await until(async () => {
    clock.jump(31 * DAY_MS)
    await clock.advance(TRIM_MS)
    return (await engine.log.head(ROOM)).epoch !== first.position?.epoch
  })
  await retry('its room is gone')
  t.match(await store.say('b'), { position: { offset: 1 } })
  await retry('its room began again: the answer has the epoch of then')
  await store.restart()
  await retry('after a restart')
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
