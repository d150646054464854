// The embedded engine: SQLite in one folder, for one node. One thread commits, another reads, and
// the event loop never waits for the disk.
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Clock } from '../../time/clock.ts'
import { systemRandom } from '../../time/random.ts'
import { type Durability, type Engine, EngineRefused, type EngineSettings } from '../engine.ts'
import { Followers } from '../memory/followers.ts'
import { createMemoryLog } from '../memory/message-log.ts'
import { createMemoryRevocations } from '../memory/revocations.ts'
import { MemoryTickets } from '../memory/tickets.ts'
import { reasonOf } from './errors.ts'
import { sweepExpired } from './expiry-job.ts'
import { IN_MEMORY, storeIn } from './file.ts'
import { type FolderLock, lockFolder } from './folder-lock.ts'
import { SqliteLog } from './group-commit.ts'
import { sqliteIdentity } from './identity.ts'
import type { Reads } from './identity-reads.ts'
import type { Writes } from './identity-writes.ts'
import { splitLog } from './message-log.ts'
import type { MessageReads } from './message-reads.ts'
import type { MessageWrites } from './message-writes.ts'
import { trimHistories } from './retention-job.ts'
import { type SqliteThread, startSqliteThread } from './thread.ts'

type Reading = Reads & MessageReads
type Writing = Writes & MessageWrites

/** How often a store that could not write tries whether it can. */
const PROBE_MS = 1_000

/** The threads of an open store. In memory both are the same one. */
interface Threads {
  writer: SqliteThread<Writing & Reading>
  reader: SqliteThread<Reading>
}

/**
 * Opens the store in `settings.folder`, which no other process may have open, or one in memory.
 * @throws EngineRefused with a sentence that says what to do
 */
export async function openSqlite(settings: EngineSettings, clock: Clock): Promise<Engine> {
  if (settings.kind === 'memory') return begin(await startInMemory(clock), null, clock)
  const lock = await lockFolder(settings.folder, settings.lockWaitMs, clock)
  try {
    return await begin(await startInFolder(settings.folder, clock), lock, clock)
  } catch (error) {
    lock.release()
    throw error
  }
}

/** Nothing of ours runs on when it fails, and has the store open behind the next one's back. */
async function begin(threads: Threads, lock: FolderLock | null, clock: Clock): Promise<Engine> {
  try {
    return await compose(threads, lock, clock)
  } catch (error) {
    await threads.reader.close()
    await threads.writer.close()
    const reason = reasonOf(error)
    throw new EngineRefused(`The store cannot be read: ${reason}. Restore it from a backup.`)
  }
}

async function compose(
  { writer, reader }: Threads,
  lock: FolderLock | null,
  clock: Clock,
): Promise<Engine> {
  const tickets = new MemoryTickets((whose) => reader.call('mayHaveTicket', whose), clock)
  // What could not be taken out of the store stays there, and is good for nobody.
  tickets.takeOver(await writer.call('takeTickets', undefined).catch(() => []))
  const identity = await sqliteIdentity({ writer, reader, tickets })
  const stopSweeping = sweepExpired(clock, [
    (slice) => tickets.sweep(slice),
    (slice) => writer.call('sweepSessions', slice),
  ])
  const stopTrimming = trimHistories(clock, (trim) => writer.call('trimMessages', trim))
  // Nobody is sent to a store that is not ready: it has to find out by itself that it is again.
  const probing = clock.every(PROBE_MS, () => {
    if (!writer.health().ready) writer.call('probe', { now: clock.now() }).catch(() => undefined)
  })
  const followers = new Followers()
  const stored = new SqliteLog({ writer, reader, clock, followers })
  const appendNow = createMemoryLog(clock, followers)
  const durability: Durability = lock === null ? 'memory' : 'disk'
  return {
    name: 'sqlite',
    node: systemRandom.bytes(6).toString('hex'),
    // The folder's lock is this node's lease: it holds for as long as the process lives.
    onRenewed: () => () => {},
    durability,
    ...identity,
    log: splitLog({ appendNow, stored, followers }),
    revocations: createMemoryRevocations(),
    get waiting() {
      return stored.waiting + writer.waiting + (reader === writer ? 0 : reader.waiting)
    },
    health() {
      const health = writer.health()
      return health.ready ? reader.health() : health
    },
    async close() {
      stopSweeping()
      stopTrimming()
      probing.cancel()
      await stored.settled()
      await leave(tickets, writer, clock)
      // The writer goes last: the last to close moves the write-ahead log into the database.
      await reader.close()
      await writer.close()
      lock?.release()
    },
  }
}

/** Leaves tickets for the next process; a client whose ticket it does not find fetches another. */
async function leave(
  tickets: MemoryTickets,
  writer: Threads['writer'],
  clock: Clock,
): Promise<void> {
  // Whoever is being banned or logged out takes theirs along first.
  await writer.call('probe', { now: clock.now() }).catch(() => undefined)
  await writer.call('leaveTickets', tickets.handOver()).catch(() => undefined)
}

async function startInMemory(clock: Clock): Promise<Threads> {
  const worker = newWorker('writer-worker', IN_MEMORY)
  const writer = await startSqliteThread<Writing & Reading>(worker, clock)
  return { writer, reader: writer }
}

async function startInFolder(folder: string, clock: Clock): Promise<Threads> {
  const path = storeIn(folder)
  const worker = newWorker('writer-worker', path)
  const writer = await startSqliteThread<Writing & Reading>(worker, clock)
  try {
    const reader = newWorker('reader-worker', path)
    return { writer, reader: await startSqliteThread<Reading>(reader, clock) }
  } catch (error) {
    await writer.close()
    throw error
  }
}

function newWorker(entry: 'writer-worker' | 'reader-worker', path: string): Worker {
  // Sources end in .ts and the package's files in .js; no compiler rewrites this URL.
  const url = new URL(`./${entry}${extname(import.meta.url)}`, import.meta.url)
  // Nothing is inherited: neither the secrets of the environment nor what somebody preloads.
  return new Worker(url, { name: entry, workerData: { path }, execArgv: [], env: {} })
}
