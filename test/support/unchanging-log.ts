// The part of a log by hand that lists and deletes: it has nothing, and changes nothing.
import type { MessageLog } from '../../src/engine/message-log.ts'

export const UNCHANGING: Pick<MessageLog, 'redact' | 'redactUser' | 'list' | 'deleteRoom'> = {
  redact: async () => false,
  redactUser: async () => {},
  list: async () => [],
  deleteRoom: async () => false,
}
