// What a room shows, from top to bottom: days, where the unread begins, and messages in groups.
import { dayText } from './words.js'

/** @typedef {import('../message-store.js').Message} Message */
/**
 * @typedef {{ kind: 'line', id: string, text: string, name: 'day' | 'unread' }
 *   | { kind: 'message', id: string, message: Message, isFirst: boolean, isLast: boolean }} Row
 */

const GROUP_MS = 5 * 60_000

/**
 * @param {readonly Message[]} messages
 * @param {number | null} unreadFrom the offset after which messages were new when it was opened
 * @returns {Row[]}
 */
export function rowsOf(messages, unreadFrom, now = Date.now()) {
  /** @type {Row[]} */
  const rows = []
  let toldUnread = unreadFrom === null
  for (const [index, message] of messages.entries()) {
    const before = messages[index - 1]
    const isNewDay = before === undefined || dayOf(before) !== dayOf(message)
    if (isNewDay) {
      rows.push({ kind: 'line', name: 'day', id: dayOf(message), text: dayText(message.time, now) })
    }
    const isUnread = !toldUnread && !message.isOwn && (message.offset ?? 0) > (unreadFrom ?? 0)
    if (isUnread) rows.push({ kind: 'line', name: 'unread', id: 'unread', text: 'New messages' })
    if (isUnread) toldUnread = true
    const after = messages[index + 1]
    rows.push({
      ...{ kind: 'message', id: message.id, message },
      isFirst: isNewDay || isUnread || !areTogether(before, message),
      isLast: after === undefined || !areTogether(message, after),
    })
  }
  return rows
}

function dayOf(/** @type {Message} */ { time }) {
  return new Date(time).toDateString()
}

function areTogether(/** @type {Message} */ one, /** @type {Message} */ next) {
  const isSame = one.user === next.user && one.isOwn === next.isOwn && dayOf(one) === dayOf(next)
  return isSame && Math.abs(next.time - one.time) < GROUP_MS
}
