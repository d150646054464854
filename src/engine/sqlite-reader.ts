// Worker entry: the thread that reads, so that a long page never delays a commit.
import { workerData } from 'node:worker_threads'
import { openForReading } from './sqlite-file.ts'
import { prepareReads } from './sqlite-reads.ts'
import { runReads, serve } from './sqlite-serve.ts'

serve(() => {
  const db = openForReading(workerData.path)
  const operations = prepareReads(db)
  return {
    run: (calls) => runReads(operations, calls),
    close: () => db.close(),
  }
})
