// How soon a message that is too old is deleted, in a store with many rooms that keep theirs, and
// how long publishes wait meanwhile.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    rooms: { type: 'string', default: '200000' },
    tree: { type: 'string', default: '.' },
  },
})
const ROOMS = Number(values.rooms)
const TREE = resolve(values.tree)
const DAY_MS = 86_400_000
const LONG = { messages: 1_000, ageMs: 30 * DAY_MS }
const SHORT = { messages: 1_000, ageMs: DAY_MS }
const OLD_MS = 2 * DAY_MS
const GIVE_UP_MS = 600_000
const NOT_STORED = { user: null, address: null, server: null }

const load = (path: string) => import(pathToFileURL(join(TREE, path)).href)
const { openStore, openForReading, storeIn } = await load('src/engine/sqlite/file.ts')
const { openEngine } = await load('src/engine/open-engine.ts')
const { systemClock } = await load('src/time/system-clock.ts')

const folder = mkdtempSync(join(tmpdir(), 'usher-trimming-'))
try {
  fill()
  await measure('a message of the last room is too old', SHORT, LONG, ROOMS)
  await measure('every message is too old, by a rule that has changed', SHORT, SHORT, 1)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** One message two days old in each room; that of the last room alone is too old. */
function fill(): void {
  const db: DatabaseSync = openStore(storeIn(folder))
  const now = Date.now()
  const hasDue = db.prepare("SELECT 1 FROM pragma_table_info('rooms') WHERE name = 'due_at'").get()
  const [columns, due] = hasDue
    ? [', due_at', `, ${now} + iif(value = ${ROOMS}, -1, ${DAY_MS})`]
    : ['', '']
  const age = `iif(value = ${ROOMS}, ${SHORT.ageMs}, ${LONG.ageMs})`
  db.exec(`
    BEGIN;
    WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < ${ROOMS})
    INSERT INTO rooms (id, name, generation, newest, messages_max, age_max_ms${columns})
    SELECT value, 'chat:' || value, 0, 0, ${LONG.messages}, ${age}${due} FROM n;
    INSERT INTO messages (room, "offset", time, kind, payload)
    SELECT id, 1, ${now - OLD_MS}, 'text', zeroblob(200) FROM rooms;
    COMMIT`)
  db.close()
}

async function measure(
  what: string,
  last: typeof LONG,
  others: typeof LONG,
  from: number,
): Promise<void> {
  const began = performance.now()
  const retentionOf = (room: string) => (room === `chat:${ROOMS}` ? last : others)
  const rules = { digest: JSON.stringify(others), retentionOf }
  const settings = { kind: 'sqlite', folder, lockWaitMs: 0 }
  const engine = await openEngine(settings, systemClock, undefined, { rules })
  const opened = performance.now() - began
  const waits: number[] = []
  while (isThere(from) && performance.now() - began < GIVE_UP_MS) {
    waits.push(await publish(engine, others))
  }
  const took = performance.now() - began
  await engine.close()
  waits.sort((a, b) => a - b)
  const p99 = waits[Math.floor(waits.length * 0.99)] ?? 0
  const line = [`open after ${ms(opened)}`, `deleted after ${ms(took)}`]
  console.log(`${what}: ${[...line, `publishes wait ${ms(p99)} (p99), ${ms(waits.at(-1) ?? 0)}`]}`)
}

async function publish(
  engine: Awaited<ReturnType<typeof openEngine>>,
  retention: typeof LONG,
): Promise<number> {
  await new Promise((done) => setTimeout(done, 5))
  const began = performance.now()
  const payload = Buffer.alloc(200)
  const draft = { kind: 'binary', payload, user: null, name: null, origin: null }
  await engine.log.append('talk', draft, { retention, key: null, holder: NOT_STORED })
  return performance.now() - began
}

/** Whether a message is left in a room from this one on. */
function isThere(from: number): boolean {
  const db: DatabaseSync = openForReading(storeIn(folder))
  const any = 'SELECT 1 FROM messages WHERE room BETWEEN ? AND ? LIMIT 1'
  const row = db.prepare(any).get(from, ROOMS)
  db.close()
  return row !== undefined
}

function ms(value: number): string {
  return `${Math.round(value)} ms`
}
