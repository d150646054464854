// The one way to publish, for every transport: the right, the size, the kind, the rate and the key
// of a message are checked here, and then the log appends it. Callers only translate.
import {
  type Appended,
  type AppendOptions,
  type IdempotencyKey,
  KeyConflict,
  type MessageLog,
} from '../engine/message-log.ts'
import { type Holder, holderOf, NO_HOLDER } from '../engine/shares.ts'
import { REPLY, Refusal } from '../protocol/errors.ts'
import type { Identity } from '../protocol/identity.ts'
import type { LimitName } from '../protocol/limits.ts'
import type { Draft } from '../protocol/message.ts'
import { cleanName, isIdempotencyKey } from '../protocol/names.ts'
import { bytesInLines, isJson, isText } from '../protocol/payload.ts'
import type { Clock } from '../time/clock.ts'
import type { RoomObserver } from './observer.ts'
import { notPermitted, type Permits } from './permission.ts'
import type { Rule } from './rule.ts'

/** A room to publish into. It need not be open on this node: an open `Room` is one too. */
export interface PublishTarget {
  readonly name: string
  readonly rule: Rule
}

/** The message rate of a sender. */
export interface Rate {
  /** Takes one message of so many bytes; when that is too fast, returns the limit it hits. */
  take(bytes: number, elapsed: number): LimitName | null
}

/** The sender of a message: a connection, a request or the application. */
export interface Sender {
  /** Null is the application itself: no rule and no rate binds it. */
  readonly identity: Identity | null
  /** What limits count by; null for an exempt address. Not used for server keys. */
  readonly address: string | null
  /** Not used for server keys. Null for a sender without a rate, as the application is. */
  readonly rate?: Rate | null
  /**
   * Called when the application has to be asked first, so that the sender's next message can wait:
   * it would overtake this one. `begun` resolves when the message was given to the log, before it
   * is stored, and rejects when it was refused; the promise of `publish` then rejects as well.
   */
  waitFor?(begun: Promise<unknown>): void
}

/** At once for what is not kept, unless the application has to be asked first. */
export type Published = Appended | Promise<Appended>

const APPLICATION: Holder = Object.freeze({ ...NO_HOLDER, server: 'application' })

export interface PublisherParts {
  log: MessageLog
  clock: Clock
  permits: Permits
  /** The largest payload. */
  messageBytes: number
  /** Null when the application has no hooks. */
  observer: RoomObserver | null
  /** Where messages that were given to the log are counted. */
  totals: { published: number }
}

/**
 * A text may grow to this many times the largest payload by its line ends. With the defaults that
 * is a quarter of an outbox, and what a sender may publish at once. Only a text of which more than
 * half is line ends grows further.
 */
const GROWTH_MAX = 4

export class Publisher {
  readonly #parts: PublisherParts

  constructor(parts: PublisherParts) {
    this.#parts = parts
  }

  /**
   * Throws or rejects with a Refusal that says what is wrong with the message or its sender, and
   * with EngineUnavailable when the message was not kept and a retry may help. `draft.user` and
   * `draft.name` are filled in here; only a server or the application may have set them. With a key
   * the same draft again has the first answer, as `repeated`.
   */
  publish(room: PublishTarget, sender: Sender, draft: Draft, key: string | null): Published {
    const { identity } = sender
    if (identity === null) return this.#accept(room, sender, draft, key)
    const may = this.#parts.permits(room.rule, identity, 'publish', room.name)
    if (may === true) return this.#accept(room, sender, draft, key)
    if (may === false) throw notPermitted(identity, 'publish')
    const begun = may.then((answer) => {
      if (!answer) throw notPermitted(identity, 'publish')
      return { appended: this.#accept(room, sender, draft, key) }
    })
    sender.waitFor?.(begun)
    return begun.then(({ appended }) => appended)
  }

  #accept(room: PublishTarget, sender: Sender, draft: Draft, key: string | null): Published {
    const { log, observer, totals } = this.#parts
    const bytes = this.#sizeOf(draft)
    checkKind(room, draft)
    setSender(sender, draft)
    this.#checkRate(sender, bytes)
    const keyed = key === null ? null : keyOf(sender, draft, key)
    const retention = draft.ephemeral ? null : room.rule.history
    // Most messages take no part of a bound, and then no holder is made.
    const holder = keyed === null && retention === null ? NO_HOLDER : holderOfSender(sender)
    const options = { retention, key: keyed, holder, author: authorOf(room, sender) }
    totals.published += 1
    const appended =
      keyed === null
        ? log.append(room.name, draft, options)
        : appendOnce(log, room.name, draft, options)
    return observer === null ? appended : tell(observer, room.name, draft, appended)
  }

  /** The bytes that count against the sender: with what line ends add for followers. */
  #sizeOf({ kind, payload }: Draft): number {
    const { messageBytes } = this.#parts
    if (payload.length > messageBytes) {
      throw tooLarge(`A message has at most ${messageBytes} bytes.`)
    }
    const bytes = bytesInLines(kind, payload)
    if (bytes <= GROWTH_MAX * messageBytes) return bytes
    throw tooLarge('Too many line ends: publish the text in parts, or as binary.')
  }

  #checkRate({ identity, rate }: Sender, bytes: number): void {
    if (!rate || identity === null || identity.server !== null) return
    const limit = rate.take(bytes, this.#parts.clock.elapsed())
    if (limit === null) return
    const sentence = 'Too many messages: wait a second and try again.'
    throw new Refusal(REPLY.tooManyRequests, sentence, 1, limit)
  }
}

function tooLarge(sentence: string): Refusal {
  return new Refusal(REPLY.tooLarge, sentence, undefined, 'messageBytes')
}

function checkKind({ name, rule }: PublishTarget, { kind, payload }: Draft): void {
  if (rule.payload === 'json' && kind !== 'json') {
    const sentence = `The room ${name} takes JSON alone: send the message as application/json.`
    throw new Refusal(REPLY.unsupportedMediaType, sentence)
  }
  if (kind === 'json' && !isJson(payload)) {
    throw new Refusal(REPLY.badRequest, 'The message is not JSON.')
  }
  if (kind === 'text' && !isText(payload)) {
    throw new Refusal(REPLY.badRequest, 'The message is not UTF-8: publish it as binary.')
  }
}

/** A user whose own message counts as delivered to them and read by them. */
function authorOf({ rule }: PublishTarget, { identity }: Sender): string | null {
  if (rule.receipts === 'off' || identity === null || identity.server !== null) return null
  return identity.user
}

/** A message has the sender's own user and name, unless a server publishes for a user. */
function setSender({ identity }: Sender, draft: Draft): void {
  if (identity === null || identity.server !== null) {
    if (draft.name !== null) draft.name = cleanName(draft.name)
    return
  }
  if (draft.user !== null || draft.name !== null) {
    throw new Refusal(REPLY.forbidden, 'Only a server key may publish in the name of a user.')
  }
  draft.user = identity.user
  draft.name = identity.name
}

/** The application counts like a server key. */
function holderOfSender({ identity, address }: Sender): Holder {
  return identity === null ? APPLICATION : holderOf(identity, address)
}

/**
 * Two senders never share a key, so a guessed key reveals nothing; nor do two users in whose name
 * one server publishes [C220]. Neither a server key's name nor a user id has a space.
 */
function keyOf({ identity }: Sender, draft: Draft, value: string): IdempotencyKey {
  if (!isIdempotencyKey(value)) {
    const sentence = 'A key (over HTTP the Idempotency-Key) is 1 to 128 visible characters.'
    throw new Refusal(REPLY.badRequest, sentence)
  }
  if (identity === null || identity.server !== null) {
    const server = identity === null ? 'application' : `server ${identity.server}`
    return { value, sender: draft.user === null ? server : `${server} as ${draft.user}` }
  }
  if (identity.user !== null) return { value, sender: `user ${identity.user}` }
  throw new Refusal(REPLY.badRequest, 'Only users and servers may publish with a key: log in.')
}

/** A known key with another message is the sender's mistake, not the log's. */
async function appendOnce(
  log: MessageLog,
  room: string,
  draft: Draft,
  options: AppendOptions,
): Promise<Appended> {
  try {
    return await log.append(room, draft, options)
  } catch (error) {
    throw error instanceof KeyConflict ? new Refusal(REPLY.conflict, error.message) : error
  }
}

/** Tells the application's hook of every draft that was accepted, and not of repetitions. */
function tell(observer: RoomObserver, room: string, draft: Draft, appended: Published): Published {
  if (appended instanceof Promise) {
    return appended.then((answer) => tell(observer, room, draft, answer))
  }
  if (!appended.repeated) observer.published(room, draft, appended)
  return appended
}
