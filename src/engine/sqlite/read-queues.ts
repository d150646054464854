// Reads that wait for their turn: holders take turns, and only a few pages are read at once.
import type { PageAsker } from '../message-log.ts'
import { SharedWork } from '../shared-work.ts'
import type { Shares } from '../shares.ts'

/** While one page is being read, the next may wait in the thread, and no more than that. */
const PAGES_AT_ONCE = 2

/** Members that return do not wait for pages that are asked for, nor the other way round. */
export type ReadQueues = Readonly<Record<PageAsker['queue'], SharedWork>>

export function readQueues(shares: Shares): ReadQueues {
  return {
    pages: new SharedWork(shares, 'pages', PAGES_AT_ONCE),
    replays: new SharedWork(shares, 'replays', PAGES_AT_ONCE),
  }
}
