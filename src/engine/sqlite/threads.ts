// The threads of an open store: one that commits and one that reads, so that a long page never
// delays a commit.
import { getCompileCacheDir } from 'node:module'
import { dirname, extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Clock } from '../../time/clock.ts'
import type { Quotas } from './daily-use.ts'
import { IN_MEMORY, storeIn } from './file.ts'
import type { KeyBounds } from './idempotency-keys.ts'
import type { Reads } from './identity-reads.ts'
import type { Writes } from './identity-writes.ts'
import type { JobReads } from './job-reads.ts'
import type { MessageReads } from './message-reads.ts'
import type { MessageWrites } from './message-writes.ts'
import { newOffsetsUnderway, type OffsetsUnderway } from './offsets-underway.ts'
import type { ReceiptReads } from './receipt-reads.ts'
import type { ReleasedNameWrites } from './released-names.ts'
import type { RoomListReads } from './room-list.ts'
import { type SqliteThread, startSqliteThread } from './thread.ts'

type ReadOperations = Reads & MessageReads & RoomListReads & ReceiptReads & JobReads
/** The thread that writes can read as well. */
type WriteOperations = ReadOperations & Writes & MessageWrites & ReleasedNameWrites

/** In memory both are the same thread. */
export interface Threads {
  writer: SqliteThread<WriteOperations>
  /** Shared with the writer. */
  offsets: OffsetsUnderway
  reader: SqliteThread<ReadOperations>
}

/** The bounds on what is kept that the writing thread counts itself. */
export interface WriterBounds {
  quotas: Quotas
  keyBounds: KeyBounds
}

/** A database in memory belongs to one thread alone. */
export async function startInMemory(clock: Clock, bounds: WriterBounds): Promise<Threads> {
  const offsets = newOffsetsUnderway()
  const worker = newWorker('writer-worker', { path: IN_MEMORY, ...bounds, offsets })
  const writer = await startSqliteThread<WriteOperations>(worker, clock)
  return { writer, offsets, reader: writer }
}

/** Rejects with EngineRefused when the store in the folder cannot be opened. */
export async function startInFolder(
  folder: string,
  clock: Clock,
  bounds: WriterBounds,
): Promise<Threads> {
  const path = storeIn(folder)
  const offsets = newOffsetsUnderway()
  const worker = newWorker('writer-worker', { path, ...bounds, offsets })
  const writer = await startSqliteThread<WriteOperations>(worker, clock, 'refused')
  try {
    const reader = newWorker('reader-worker', { path })
    return { writer, offsets, reader: await startSqliteThread<ReadOperations>(reader, clock) }
  } catch (error) {
    await writer.close()
    throw error
  }
}

/** The writer closes last: the last to close moves the write-ahead log into the database. */
export async function closeThreads({ writer, reader }: Threads): Promise<void> {
  await reader.close()
  await writer.close()
}

/** What a worker opens; all but the path is for the one that writes. */
interface Opened extends Partial<WriterBounds> {
  path: string
  offsets?: OffsetsUnderway
}

function newWorker(entry: 'writer-worker' | 'reader-worker', workerData: Opened): Worker {
  // Sources end in .ts and the package's files in .js; no compiler rewrites this URL.
  const url = new URL(`./${entry}${extname(import.meta.url)}`, import.meta.url)
  // A worker inherits neither the secrets of the environment nor preloaded modules, but compiles
  // nothing that the process has in a cache. The folder of the cache has one for each Node.
  const cache = getCompileCacheDir()
  const env = cache ? { NODE_COMPILE_CACHE: dirname(cache) } : {}
  return new Worker(url, { name: entry, workerData, execArgv: [], env })
}
