// Where a room stands in Redis, and where a node stands that follows it. The two are compared after
// each doubt: a Redis that lost what it had told is found out, even where it was overtaken.
import type { Position } from '../../protocol/message.ts'
import type { Reply } from './link.ts'

/** What a node was told of a room. */
export interface Told extends Position {
  /** The run of Redis in which it was told so; '' where the room did not exist. */
  run: string
  /** How many redactions of this epoch were told. */
  redactions: number
}

/** A room as it is in Redis. */
export interface RoomState extends Told {
  /** Whether Redis has the room at all. */
  readonly exists: boolean
  /** The run before `run` in which something was accepted, and the newest offset of that time. */
  readonly former: string
  readonly since: number
  /** How many redactions there were by then. */
  readonly sinceRedactions: number
}

/**
 * Fields of a room's hash, in the order in which scripts give them. Each message changes only `at`:
 * `<epoch> <run> <offset> <time>`, where the room stands; its epoch, the run of Redis that accepted
 * something last, the newest offset, and the time of that message in ms (0 where there was none).
 * `former` is the run before that one, `since` and `since_redacted` are the newest offset and the
 * number of redactions when it ended; `redacted` is how many messages of this epoch were redacted.
 * Offsets below `first` are not kept any more.
 *
 * Others are for scripts alone: `swept` (redactions of which nothing is left), `until` (when its
 * messages expire, in ms), `generation` (how often the room was deleted: older keys count no more).
 * All but `at` may be missing.
 */
export const STATE_FIELDS = ['at', 'former', 'since', 'since_redacted', 'redacted', 'first']

/** The field `at` of a room that stands there; its newest message is of this time. */
export function atOf({ epoch, run, offset, time }: Position & { run: string; time: number }) {
  return `${epoch} ${run} ${offset} ${time}`
}

/** `unborn` is the epoch of rooms that do not exist. */
export function stateIn(reply: Reply, unborn: string): RoomState {
  const fields = reply as (Buffer | null)[]
  const [at, former, since, sinceRedacted, redacted] = fields
  const [epoch = unborn, run = '', offset = 0] = at?.toString('latin1').split(' ') ?? []
  return {
    exists: Boolean(at),
    epoch,
    offset: Number(offset),
    run,
    former: former?.toString('latin1') ?? '',
    since: Number(since ?? 0),
    sinceRedactions: Number(sinceRedacted ?? 0),
    redactions: Number(redacted ?? 0),
  }
}

/**
 * `same`: all that was told is there. `other`: the room has another epoch. `lost`: something that
 * was told is not there any more, whatever has come since; the room needs another epoch.
 */
export type Verdict = 'same' | 'other' | 'lost'

/**
 * `told` MUST be what was told when `state` was asked for. An epoch that had ended before, one of
 * `former`, is there again where its end was lost.
 */
export function compare(told: Told, state: RoomState, former: readonly string[] = []): Verdict {
  if (state.epoch !== told.epoch) {
    if (former.includes(state.epoch)) return 'lost'
    // Nothing was told, and nothing is there.
    return told.offset === 0 && !state.exists ? 'same' : 'other'
  }
  return told.offset <= keptFor(told, state) ? 'same' : 'lost'
}

/** Up to which offset the room has what it had in the run of `told`. */
function keptFor({ run, offset }: Told, state: RoomState): number {
  if (offset === 0 || state.run === run) return state.offset
  return state.former === run ? Math.min(state.since, state.offset) : 0
}

/** How many of the redactions of the room were told; those that were lost are not in it. */
export function redactionsKept(told: Told, state: RoomState): number {
  const kept = Math.min(told.redactions, state.redactions)
  return state.run === told.run ? kept : Math.min(kept, state.sinceRedactions)
}
