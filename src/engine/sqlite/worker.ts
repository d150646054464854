// The thread side of SqliteThread: opens the database and answers batches, one by one.
import type { DatabaseSync } from 'node:sqlite'
import { parentPort } from 'node:worker_threads'
import { isStorageTrouble, reasonOf } from './errors.ts'
import type { Answer, Call, FromThread, Operations, ToThread } from './thread.ts'

/** A database that is open in this thread. */
export interface Service {
  run(calls: readonly Call[]): FromThread
  /** Called when the answers of a batch are on their way. */
  afterwards?(): void
  close(): void
}

/** Opens the service and serves the thread that started this one, until it says to close. */
export function serve(open: () => Service): void {
  const port = parentPort
  if (port === null) throw new Error('This file only runs as a worker thread of the engine.')
  const post = (message: FromThread) => port.postMessage(message)
  let service: Service
  try {
    service = open()
  } catch (error) {
    post({ type: 'refused', message: reasonOf(error) })
    return
  }
  port.on('message', (message: ToThread) => {
    if (message.type === 'batch') {
      post(service.run(message.calls))
      service.afterwards?.()
      return
    }
    service.close()
    port.close()
  })
  post({ type: 'opened' })
}

/** The database of a thread that writes; with the two callbacks its memory follows the disk. */
export interface WritingDatabase {
  db: DatabaseSync
  operations: Operations
  /** Throws when the files of the database are gone; called before each transaction. */
  checkFiles: () => void
  /** How many rows were changed since the database was opened. */
  changes: () => number
  /** Called when a transaction is on disk. */
  onKept: () => void
  /** Called when a transaction was taken back. */
  onTakenBack: () => void
}

/** Runs a batch in one transaction: answers after the commit, or nothing of it is kept. */
export function runInTransaction(writing: WritingDatabase, calls: readonly Call[]): FromThread {
  const { db, operations, checkFiles, changes, onKept, onTakenBack } = writing
  try {
    checkFiles()
    db.exec('BEGIN IMMEDIATE')
    const before = changes()
    const answers = calls.map((call) => answer(operations, call))
    const idle = changes() === before
    db.exec('COMMIT')
    onKept()
    return { type: 'answers', answers, idle }
  } catch (error) {
    // SQLite has already rolled back by itself after some errors.
    if (db.isTransaction) db.exec('ROLLBACK')
    onTakenBack()
    return { type: 'failed', reason: `SQLite could not keep it: ${reasonOf(error)}` }
  }
}

/** Runs a batch of reads on one state of the store, also when commits happen meanwhile. */
export function runReads(
  db: DatabaseSync,
  operations: Operations,
  calls: readonly Call[],
): FromThread {
  try {
    db.exec('BEGIN')
    return { type: 'answers', answers: calls.map((call) => answer(operations, call)) }
  } catch (error) {
    return { type: 'failed', reason: `SQLite could not read: ${reasonOf(error)}` }
  } finally {
    if (db.isTransaction) db.exec('COMMIT')
  }
}

/** Throws only errors of the storage, which concern every call of the batch. */
function answer(operations: Operations, [operation, args]: Call): Answer {
  try {
    const run = operations[operation]
    if (run === undefined) throw new Error(`There is no operation ${operation}.`)
    return { value: run(args as never) }
  } catch (error) {
    if (isStorageTrouble(error)) throw error
    return { error: reasonOf(error) }
  }
}
