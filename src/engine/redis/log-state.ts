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
  /**
   * Whether this was learned while that run was the present one. What is read in a later run may
   * lack the newest messages, so it does not speak for the copy of the data.
   */
  isWitnessed: boolean
}

/** A run of Redis in which something was accepted, and what the room had when it ended. */
export interface FormerRun {
  readonly run: string
  readonly offset: number
  readonly redactions: number
}

/** A room as it is in Redis. */
export interface RoomState extends Told {
  /** Whether Redis has the room at all. */
  readonly exists: boolean
  /** The run of the primary, as the node knew it when it asked. */
  readonly present: string
  /** The runs before `run`, the last one first. */
  readonly formers: readonly FormerRun[]
}

/**
 * Fields of a room's hash, in the order in which scripts give them. Each message changes only `at`:
 * `<epoch> <run> <offset> <time>`, where the room stands; its epoch, the run of Redis that accepted
 * something last, the newest offset, and the time of that message in ms (0 where there was none).
 * `formers` are some runs before that one, the last one first, each `<run> <offset> <redactions>;`
 * with the newest offset and the number of redactions when it ended: a node may have been cut off
 * for more than one. `redacted` is how many messages of this epoch were redacted. Offsets below
 * `first` are not kept any more.
 *
 * Others are for scripts alone: `swept` (redactions of which nothing is left), `until` (when its
 * messages expire, in ms), `generation` (how often the room was deleted: older keys count no more),
 * `participants` (where it has any; then it is not forgotten). All but `at` may be missing.
 */
export const STATE_FIELDS = ['at', 'formers', 'redacted', 'first']

/** The field `at` of a room that stands there; its newest message is of this time. */
export function atOf({ epoch, run, offset, time }: Position & { run: string; time: number }) {
  return `${epoch} ${run} ${offset} ${time}`
}

/** `unborn` is the epoch of rooms that do not exist, `present` the run that answered. */
export function stateIn(reply: Reply, unborn: string, present: string): RoomState {
  const fields = reply as (Buffer | null)[]
  const [at, formers, redacted] = fields
  const [epoch = unborn, run = '', offset = 0] = at?.toString('latin1').split(' ') ?? []
  return {
    exists: Boolean(at),
    epoch,
    offset: Number(offset),
    run,
    formers: formersIn(formers?.toString('latin1') ?? ''),
    redactions: Number(redacted ?? 0),
    present,
    isWitnessed: !at || run === present,
  }
}

function formersIn(text: string): FormerRun[] {
  return text
    .split(';')
    .slice(0, -1)
    .map((former) => {
      const [run = '', offset, redactions] = former.split(' ')
      return { run, offset: Number(offset), redactions: Number(redactions) }
    })
}

/**
 * Whether a node that goes on with this epoch speaks for the copy of the data. While a slot moves,
 * nodes name its old and its new primary by turns.
 */
export function isWitnessed(told: Told, state: RoomState): boolean {
  const isSame = told.run === state.run || told.run === state.present
  return state.isWitnessed || (told.isWitnessed && isSame)
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
  const since = runsSince(run, state)
  return since === null ? 0 : Math.min(state.offset, ...since.map((former) => former.offset))
}

/** How many of the redactions of the room were told; those that were lost are not in it. */
export function redactionsKept(told: Told, state: RoomState): number {
  const kept = Math.min(told.redactions, state.redactions)
  if (state.run === told.run) return kept
  const since = runsSince(told.run, state)
  return since === null ? 0 : Math.min(kept, ...since.map((former) => former.redactions))
}

/** The runs that have ended since then, with that one; null where it is not known any more. */
function runsSince(run: string, { formers }: RoomState): readonly FormerRun[] | null {
  const at = formers.findIndex((former) => former.run === run)
  return at < 0 ? null : formers.slice(0, at + 1)
}
