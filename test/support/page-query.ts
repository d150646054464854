// A query for a page of a room that keeps a thousand messages; a test names what it is about.
import type { PageQuery } from '../../src/engine/message-log.ts'
import { NO_HOLDER } from '../../src/engine/shares.ts'

export function pageQuery(query: Partial<PageQuery> = {}): PageQuery {
  return {
    ...{ retention: { messages: 1_000, ageMs: null }, after: null, before: null },
    ...{ limit: 100, bytes: 1_000_000, order: 'asc' },
    asker: { queue: 'pages', holder: NO_HOLDER },
    ...query,
  }
}
