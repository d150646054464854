// A page of the messages that a room keeps, as JSON, for a client that may have the same already.
import { hash } from 'node:crypto'
import type { Page, Retention, RoomSummary } from '../engine/message-log.ts'
import { namesTag } from '../protocol/entity-tag.ts'
import { messageJsonBytes } from '../protocol/message-json.ts'
import { type HistoryQuery, historyPage, type PageParts } from './history-page.ts'

/** Bytes of JSON in one answer: a page that would have more is shorter than was asked for. */
export const ANSWER_BYTES_MAX = 1_048_576

/** Which messages, for which client. */
export interface PageRequest extends Omit<HistoryQuery, 'bytes'> {
  /** Which answers the client has, as HTTP says it. */
  ifNoneMatch: string | undefined
}

export interface PageAnswer {
  /** An entity tag, in its quotes. */
  readonly tag: string
  /** The page as JSON; null where the client has it already. */
  readonly body: Buffer | null
}

/** Part of each tag: MUST change when the same messages are written in another way. */
const WRITTEN = 1
const COMMA = Buffer.from(',')
const END = Buffer.from(']}')

/**
 * The tag says what a page depends on, so that a client which has the page costs neither the page
 * nor bytes of its rate (S44). Rejects with 409 when the room has another epoch by now, and with
 * 429 where the rate is used up.
 */
export async function readPage(
  parts: PageParts,
  room: string,
  retention: Retention | null,
  request: PageRequest,
): Promise<PageAnswer> {
  const { ifNoneMatch, ...query } = request
  if (retention === null) return emptyPage(room, request)
  if (ifNoneMatch !== undefined) {
    const tag = tagOf(await parts.log.summary(room, retention), request)
    if (namesTag(ifNoneMatch, tag)) return { tag, body: null }
  }
  const page = await historyPage(parts, room, retention, { ...query, bytes: ANSWER_BYTES_MAX })
  const body = pageJson(room, page)
  parts.readRate.charge(request.holder, body.length)
  return { tag: tagOf(page, request), body }
}

/** A room that keeps nothing has no positions and no messages. */
function emptyPage(room: string, request: PageRequest): PageAnswer {
  const tag = tagOf(null, request)
  if (namesTag(request.ifNoneMatch, tag)) return { tag, body: null }
  const nothing = { epoch: null, offset: null, redactions: null, messages: [] }
  return { tag, body: Buffer.from(JSON.stringify({ room, ...nothing })) }
}

function tagOf(summary: RoomSummary | null, request: PageRequest): string {
  const { after, before, limit, order, epoch } = request
  const kept = summary && [summary.head.epoch, summary.head.offset, summary.oldest]
  const gone = summary && [summary.redactions, summary.userRedactions]
  const all = [WRITTEN, after, before, limit, order, epoch, kept, gone]
  return `"${hash('sha256', JSON.stringify(all), 'base64url').slice(0, 32)}"`
}

/** At least one message, and no more than fit: a client reads on where the page ends. */
function pageJson(room: string, { head, redactions, messages }: Page): Buffer {
  const start = JSON.stringify({ room, ...head, redactions }).slice(0, -1)
  const parts: Buffer[] = [Buffer.from(`${start},"messages":[`)]
  let bytes = (parts[0]?.length ?? 0) + END.length
  for (const message of messages) {
    const json = messageJsonBytes(message)
    bytes += json.length + COMMA.length
    if (parts.length > 1 && bytes > ANSWER_BYTES_MAX) break
    if (parts.length > 1) parts.push(COMMA)
    parts.push(json)
  }
  return Buffer.concat([...parts, END])
}
