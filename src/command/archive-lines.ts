// The file that `usher export` writes: a line of JSON for each entry, between one that names the
// format and one with counts and a digest, without which a file was cut off.
import { type ArchiveEntry, ENTRY_PARTS, type EntryKind } from '../engine/archive.ts'
import type { Kind } from '../protocol/message.ts'
import { isRoomName, isUserId } from '../protocol/names.ts'
import { isJson, isText } from '../protocol/payload.ts'

export const FORMAT = 'usher-archive'
/** The version that this Usher writes, and the only one that it reads. */
export const VERSION = 1

/** The first line. */
export interface Head {
  format: typeof FORMAT
  version: number
  /** False where the service may have gone on: rooms get new epochs then. */
  keepsEpochs: boolean
}

export type Counts = Readonly<Record<EntryKind, number>>

/** The last line. */
export interface End {
  is: 'end'
  counts: Counts
  /** SHA-256 of all lines before this one, with their line ends. */
  sha256: string
}

export function noCounts(): Record<EntryKind, number> {
  const kinds = ENTRY_PARTS.flat().map((kind) => [kind, 0] as const)
  return Object.fromEntries(kinds) as Record<EntryKind, number>
}

export function lineOf(entry: ArchiveEntry): string {
  if (entry.is !== 'message') return JSON.stringify(entry)
  return JSON.stringify({ ...entry, payload: entry.payload.toString('base64') })
}

type Check = (value: unknown) => boolean

const isString: Check = (value) => typeof value === 'string' && value.length <= LONGEST
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isWhole: Check = (value) => Number.isSafeInteger(value)
const isFlag: Check = (value) => value === 0 || value === 1
const isOffset: Check = (value) => isCount(value) && value !== 0
const isEpoch: Check = (value) => typeof value === 'string' && /^[\w.-]{1,64}$/.test(value)
const isKind: Check = (value) => KINDS.has(value)
const isClient: Check = (value) => value === 'web' || value === 'app'
const isBase64: Check = (value) =>
  typeof value === 'string' && Buffer.from(value, 'base64').toString('base64') === value
const isRetention: Check = (value) => {
  const { messages, ageMs } = (value ?? {}) as Record<string, unknown>
  return isCount(messages) && orNull(isCount)(ageMs)
}

/** Of all texts but payloads, in characters; those of today have some hundred. */
const LONGEST = 4_096
const KINDS: ReadonlySet<unknown> = new Set<Kind>(['json', 'text', 'binary'])

function orNull(check: Check): Check {
  return (value) => value === null || check(value)
}

/** What each field of an entry must be. */
const FIELDS: Readonly<Record<EntryKind, Readonly<Record<string, Check>>>> = {
  store: { incarnation: isEpoch, generation: isCount },
  account: {
    ...{ user: isUserId, username: isString, usernameKey: isString, password: isString },
    createdAt: isWhole,
  },
  status: { user: isUserId, bannedAt: orNull(isWhole), revokedBefore: orNull(isWhole) },
  name: { usernameKey: isString, user: isUserId, keptUntil: isWhole },
  session: {
    ...{ id: isString, user: isUserId, client: isClient, secretHash: orNull(isString) },
    ...{ createdAt: isWhole, usedAt: isWhole, expiresAt: isWhole },
  },
  token: { session: isString, hash: isString, issuedAt: isWhole, usedAt: orNull(isWhole) },
  room: {
    ...{ room: isRoomName, epoch: isEpoch, offset: isCount, redactions: isCount },
    retention: orNull(isRetention),
  },
  message: {
    ...{ offset: isOffset, time: isWhole, kind: isKind, user: orNull(isUserId) },
    ...{ name: orNull(isString), payload: isBase64, redactedAt: orNull(isWhole) },
  },
  participant: {
    ...{ room: isRoomName, user: isUserId, name: orNull(isString) },
    ...{ joined: isCount, delivered: isCount, read: isCount },
    ...{ ownDelivered: isCount, ownRead: isCount, readsPrivately: isFlag },
    ...{ seenAt: isWhole, cameAt: isWhole },
  },
}

/** A line is not what it should be; `message` says what of it. */
export class LineRefused extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'LineRefused'
  }
}

/** @throws LineRefused */
export function objectIn(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // It is told as any other.
  }
  throw new LineRefused('it is no JSON object')
}

/** @throws LineRefused */
export function entryIn(object: Readonly<Record<string, unknown>>): ArchiveEntry {
  const { is, ...fields } = object
  const checks = Object.hasOwn(FIELDS, String(is)) ? FIELDS[is as EntryKind] : undefined
  if (checks === undefined) throw new LineRefused('it is no entry that this Usher knows')
  for (const [field, check] of Object.entries(checks)) {
    if (!check(fields[field])) throw new LineRefused(`the "${field}" of the ${is} is wrong`)
  }
  const more = Object.keys(fields).find((field) => !Object.hasOwn(checks, field))
  if (more !== undefined) throw new LineRefused(`a ${is} has no "${more}"`)
  if (is !== 'message') return object as unknown as ArchiveEntry
  const payload = Buffer.from(String(fields.payload), 'base64')
  const isRedacted = fields.redactedAt !== null
  if (isRedacted ? payload.length > 0 : !isOfKind(fields.kind, payload)) {
    throw new LineRefused(`the "payload" of the ${is} is wrong`)
  }
  return { ...object, payload } as unknown as ArchiveEntry
}

function isOfKind(kind: unknown, payload: Buffer): boolean {
  if (kind === 'binary') return true
  return kind === 'json' ? isJson(payload) : isText(payload)
}

const PART_OF = new Map(ENTRY_PARTS.flatMap((kinds, part) => kinds.map((kind) => [kind, part])))

/** Whether entries come in the order that engines rely on. */
export class EntryOrder {
  #part = 0
  #session: string | null = null
  /** The room that messages are of, the last of their offsets, and the newest of the room. */
  #room: { last: number; newest: number } | null = null

  /** @throws LineRefused */
  take(entry: ArchiveEntry): void {
    const part = PART_OF.get(entry.is) ?? 0
    if (part < this.#part) throw new LineRefused(`a ${entry.is} cannot stand here`)
    this.#part = part
    if (entry.is === 'session') this.#session = entry.id
    else if (entry.is === 'room') this.#room = { last: 0, newest: entry.offset }
    else if (entry.is === 'token' && entry.session !== this.#session) {
      throw new LineRefused('the token does not come after its session')
    } else if (entry.is === 'message') this.#takeMessage(entry.offset)
  }

  #takeMessage(offset: number): void {
    const room = this.#room
    if (room === null) throw new LineRefused('the message does not come after its room')
    if (offset <= room.last || offset > room.newest) {
      throw new LineRefused('the "offset" of the message is not one that comes next')
    }
    room.last = offset
  }
}
