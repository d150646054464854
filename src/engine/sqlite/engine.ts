// The embedded engine: SQLite in one folder, for one node. One thread commits, another reads, and
// the event loop never waits for the disk.
import type { Clock } from '../../time/clock.ts'
import { systemRandom } from '../../time/random.ts'
import { systemClock } from '../../time/system-clock.ts'
import type { Bounds } from '../bounds.ts'
import {
  type Engine,
  EngineRefused,
  type EngineSettings,
  type OnWaiting,
  type RoomRules,
} from '../engine.ts'
import { MemoryAttempts } from '../memory/attempts.ts'
import { Followers } from '../memory/followers.ts'
import { createMemoryLog } from '../memory/message-log.ts'
import { MemoryPresence } from '../memory/presence.ts'
import { ReceiptWatches } from '../memory/receipt-watches.ts'
import { createMemoryRevocations } from '../memory/revocations.ts'
import { createMemoryShares } from '../memory/shares.ts'
import { type MayHave, MemoryTickets } from '../memory/tickets.ts'
import { MemoryUplinks } from '../memory/uplinks.ts'
import { newNodeId } from '../node-id.ts'
import type { Shares } from '../shares.ts'
import { quotasOf } from './daily-use.ts'
import { keepAllDailyUse, keepDailyUse } from './daily-use-job.ts'
import { removeDeletedRooms } from './deleted-rooms.ts'
import { reasonOf } from './errors.ts'
import { sweepExpired } from './expiry-job.ts'
import { type FolderLock, lockFolder } from './folder-lock.ts'
import { sqliteIdentity } from './identity.ts'
import { tendKeys } from './keys-job.ts'
import { readQueues } from './read-queues.ts'
import { SqliteReceipts, type SqliteReceiptsParts } from './receipts.ts'
import { freeReleasedNames } from './released-names.ts'
import { trimHistories, trimSlice } from './retention-job.ts'
import { RulesWalk } from './rules-walk.ts'
import { splitLog } from './split-log.ts'
import {
  type Measure,
  measureFolder,
  measureMemory,
  type StatFileSystem,
  StoreSpace,
  watchSpace,
} from './store-space.ts'
import { watchStore } from './store-watch.ts'
import { SqliteLog, type SqliteLogParts } from './stored-log.ts'
import { closeThreads, startInFolder, startInMemory, type Threads } from './threads.ts'
import { emptyUserRedactions } from './user-redactions.ts'

/** Threads and disks take real time, also where a test holds the clock of all else. */
const DISK_CLOCK = systemClock

/** What the whole engine is built with. */
interface Parts {
  clock: Clock
  bounds: Bounds
  shares: Shares
  rules: RoomRules | null
  measure: Measure
}

interface Opening {
  /** How free space is measured; a test gives its own. */
  statfs?: StatFileSystem
  onWaiting?: OnWaiting
  rules?: RoomRules
}

/**
 * Opens the store in `settings.folder`, which no other process may have open, or one in memory.
 * @throws EngineRefused with a sentence that says what to do
 */
export async function openSqlite(
  settings: EngineSettings,
  clock: Clock,
  bounds: Bounds,
  { statfs, onWaiting, rules }: Opening = {},
): Promise<Engine> {
  const shares = createMemoryShares(bounds, clock)
  const parts = { clock, bounds, shares, rules: rules ?? null }
  const { storedKeys } = bounds
  const keyBounds = { most: storedKeys.all?.count?.most ?? null, reserve: storedKeys.reserve }
  const counted = { quotas: quotasOf(bounds), keyBounds }
  if (settings.kind === 'memory') {
    const threads = await startInMemory(DISK_CLOCK, counted)
    return begin(threads, null, { ...parts, measure: measureMemory(threads.reader) })
  }
  if (settings.kind !== 'sqlite') throw new EngineRefused(`SQLite does not open ${settings.kind}.`)
  const { folder, lockWaitMs } = settings
  const lock = await lockFolder(folder, lockWaitMs, clock, onWaiting)
  try {
    const threads = await startInFolder(folder, DISK_CLOCK, counted)
    const measure = measureFolder(threads.reader, folder, statfs)
    return await begin(threads, lock, { ...parts, measure })
  } catch (error) {
    lock.release()
    throw error
  }
}

/**
 * Ends the threads when it fails, so that none of them has the store open beside the next process.
 */
async function begin(threads: Threads, lock: FolderLock | null, parts: Parts): Promise<Engine> {
  try {
    return await compose(threads, lock, parts)
  } catch (error) {
    await closeThreads(threads)
    const reason = reasonOf(error)
    throw new EngineRefused(`The store cannot be read: ${reason}. Restore it from a backup.`)
  }
}

async function compose(
  threads: Threads,
  lock: FolderLock | null,
  { clock, bounds, shares, rules, measure }: Parts,
): Promise<Engine> {
  const { writer, reader, offsets } = threads
  const mayHave: MayHave = (whose) => reader.call('mayHaveTicket', whose)
  const tickets = new MemoryTickets({ mayHave, clock, shares })
  // Tickets that could not be taken out of the store stay there, and none of them is good.
  tickets.takeOver(await writer.call('takeTickets', undefined).catch(() => []))
  const space = new StoreSpace(bounds.space, measure)
  await space.check()
  const queues = readQueues(shares)
  const identity = await sqliteIdentity({ writer, reader, tickets, space, queues })
  const parts = { writer, offsets, reader, clock, bounds, space, shares, queues }
  const { followers, stored, receipts, log } = roomsIn(parts)
  const stopTrimming = await startTrimming(threads, followers, { clock, rules })
  const stopJobs = startJobs(threads, { tickets, followers, clock })
  const stopWatching = watchSpace(clock, space)
  const watching = watchStore({ clock: DISK_CLOCK, writer, stored, receipts })
  const node = newNodeId(systemRandom)
  return {
    name: 'sqlite',
    node,
    // The folder's lock is this node's lease: it holds for as long as the process lives.
    onRenewed: () => () => {},
    ...{ otherNodes: 0, durability: lock === null ? 'memory' : 'disk' },
    ...identity,
    attempts: new MemoryAttempts(clock),
    ...{ presence: new MemoryPresence(), receipts, log },
    revocations: createMemoryRevocations(),
    uplinks: new MemoryUplinks(node),
    shares,
    get waiting() {
      return stored.waiting + receipts.waiting + waitingIn(threads)
    },
    get storage() {
      return space.use
    },
    health() {
      const health = writer.health()
      const both = health.ready ? reader.health() : health
      const { reason } = space
      return both.ready && reason !== null ? { ready: false, reason } : both
    },
    async close() {
      stopJobs()
      stopTrimming()
      stopWatching()
      await Promise.all([stored.settled(), receipts.settled()])
      await keepAllDailyUse(writer).catch(() => undefined)
      await leaveTickets(tickets, writer, clock)
      watching.cancel()
      await closeThreads(threads)
      lock?.release()
    },
  }
}

function waitingIn({ writer, reader }: Threads): number {
  return writer.waiting + (reader === writer ? 0 : reader.waiting)
}

/** What is kept of rooms, and shared. */
function roomsIn(parts: Omit<SqliteLogParts & SqliteReceiptsParts, 'followers' | 'watches'>) {
  const { clock, shares } = parts
  const [followers, watches] = [new Followers(), new ReceiptWatches()]
  const stored = new SqliteLog({ ...parts, followers, watches })
  const receipts = new SqliteReceipts({ ...parts, watches })
  const memory = createMemoryLog({ clock, followers, shares })
  return { followers, stored, receipts, log: splitLog({ memory, stored, followers, watches }) }
}

/** Puts rules in force that have changed, and goes on trimming. Resolves with how to stop. */
async function startTrimming(
  { writer, reader }: Threads,
  followers: Followers,
  { clock, rules }: Pick<Parts, 'clock' | 'rules'>,
): Promise<() => void> {
  const slice = trimSlice({
    clock,
    trim: (trim) => writer.call('trimMessages', trim),
    hide: (room, before) => followers.of(room)?.onHidden(before),
  })
  const walk = new RulesWalk({ writer, reader, rules, slice })
  // What fails here is done by the periodic work.
  await walk.begin().catch(() => undefined)
  return trimHistories(clock, slice, walk.goOn)
}

/** What periodic work is about, besides the store. */
interface Jobs {
  tickets: MemoryTickets
  followers: Followers
  clock: Clock
}

/** Starts the periodic work of an open engine. Returns how to stop. */
function startJobs(threads: Threads, { tickets, followers, clock }: Jobs): () => void {
  const { writer } = threads
  const stopSweeping = sweepExpired(clock, [
    (slice) => tickets.sweep(slice),
    (slice) => writer.call('sweepSessions', slice),
  ])
  const stopFreeing = freeReleasedNames(clock, threads)
  const stopRemoving = removeDeletedRooms(clock, threads)
  const recounted = (room: string) => followers.of(room)?.onRecounted()
  const stopEmptying = emptyUserRedactions(clock, threads, recounted)
  const stopKeepingUse = keepDailyUse(clock, writer)
  const stopTending = tendKeys(clock, (args) => writer.call('tendKeys', args))
  return () => {
    stopSweeping()
    stopFreeing()
    stopRemoving()
    stopEmptying()
    stopKeepingUse()
    stopTending()
  }
}

/**
 * Leaves tickets for the next process; a client whose ticket is not found there fetches another.
 */
async function leaveTickets(
  tickets: MemoryTickets,
  writer: Threads['writer'],
  clock: Clock,
): Promise<void> {
  // This probe waits until bans and log-outs that are under way have dropped the tickets they end.
  await writer.call('probe', { now: clock.now() }).catch(() => undefined)
  await writer.call('leaveTickets', tickets.handOver()).catch(() => undefined)
}
