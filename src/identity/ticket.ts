// A ticket opens one connection. It is random and stored only as its digest (S7). A ticket is good
// while it is stored; by its signature a forged one is refused before the store is asked (S49), and
// told from a used one.
import type { TicketRecord, TicketStore } from '../engine/identity-store.ts'
import { type Holder, NO_HOLDER, type Shares } from '../engine/shares.ts'
import { REPLY, Refusal } from '../protocol/errors.ts'
import type { Identity } from '../protocol/identity.ts'
import { needScope } from '../protocol/scope.ts'
import type { Clock } from '../time/clock.ts'
import type { Random } from '../time/random.ts'
import { digest, type KeyPair } from './secret.ts'
import { sessionEnded } from './sessions.ts'
import { Signer } from './signer.ts'
import { type TicketOrder, type TicketWish, ticketOrder } from './ticket-request.ts'

const PREFIX = 'ut_'
const ID_BYTES = 16
/** The expiry in milliseconds since 1970, times 64, plus the ticket's lifetime in seconds. */
const TIME_BYTES = 6
const LIVES = 64
const MAC_BYTES = 16
const BODY_BYTES = ID_BYTES + TIME_BYTES
const FORM = /^ut_[\w-]{51}$/

/** Whether a credential is a ticket, good or not: all of them begin alike. */
export function isTicket(credential: string): boolean {
  return credential.startsWith(PREFIX)
}

export interface IssuedTicket {
  ticket: string
  expiresAt: number
}

/** Who asks for a ticket. */
export interface Asker {
  /** Whom the ticket counts for while it is out. */
  readonly holder: Holder
  /** How long ago proving the asker's identity began, in milliseconds. */
  readonly provedMsAgo: number
}

/** The application that Usher is embedded in, which needs no proof. */
const APPLICATION: Asker = {
  holder: { ...NO_HOLDER, server: 'application' },
  provedMsAgo: 0,
}

export interface TicketsParts {
  store: TicketStore
  keys: KeyPair
  clock: Clock
  random: Random
  /** Bounds how many tickets a minute are issued for one user. */
  shares: Shares
}

export class Tickets {
  readonly #store: TicketStore
  readonly #signer: Signer
  readonly #clock: Clock
  readonly #random: Random
  readonly #shares: Shares

  constructor({ store, keys, clock, random, shares }: TicketsParts) {
    this.#store = store
    this.#signer = new Signer(keys, MAC_BYTES)
    this.#clock = clock
    this.#random = random
    this.#shares = shares
  }

  /**
   * Issues a ticket that a user asks for, or a server key or the application (null) for a user of
   * theirs. Rejects with a Refusal that says what is wrong with the wish.
   */
  async issueTo(
    identity: Identity | null,
    wish: TicketWish,
    asker: Asker = APPLICATION,
  ): Promise<IssuedTicket> {
    if (identity !== null) needScope(identity, 'tickets')
    return this.issue(ticketOrder(identity, wish, this.#clock.now()), asker)
  }

  /** 429 when this user's tickets come too fast, also by a server key. */
  async issue({ seconds, ...order }: TicketOrder, asker = APPLICATION): Promise<IssuedTicket> {
    const reached = await this.#shares.spend('tickets', { ...NO_HOLDER, user: order.user })
    if (reached !== null) throw reached.refusal
    const now = this.#clock.now()
    const expiresAt = now + seconds * 1_000
    const body = Buffer.alloc(BODY_BYTES)
    this.#random.bytes(ID_BYTES).copy(body)
    body.writeUIntBE(expiresAt * LIVES + Math.min(seconds, LIVES - 1), ID_BYTES, TIME_BYTES)
    const bytes = Buffer.concat([body, this.#signer.sign(body)])
    const ticket = PREFIX + bytes.toString('base64url')
    const issuedAt = now - asker.provedMsAgo
    const record = { ...order, hash: digest(ticket), issuedAt, expiresAt }
    if (await this.#store.issue(record, asker.holder)) return { ticket, expiresAt }
    if (asker.holder.server === null) throw sessionEnded()
    throw new Refusal(REPLY.forbidden, 'This user is banned.')
  }

  /** Looks at a ticket without using it up. 401 says whether it is forged, late or used. */
  async inspect(ticket: string): Promise<TicketRecord> {
    const { isLocal } = this.#store
    const read = () => this.#store.read(digest(ticket), this.#clock.now())
    const held = isLocal && FORM.test(ticket) ? await read() : null
    if (held !== null) return held
    const times = this.#timesOf(ticket)
    if (this.#clock.now() >= times.expiresAt) {
      throw new Refusal(REPLY.ticketExpired, 'This ticket is past its time: fetch a new one.')
    }
    // Asked only now: a stranger's guess costs no other part of the service a call (S49).
    const known = isLocal ? null : await read()
    if (known !== null) return known
    // A crash of the server or of its store loses tickets: their clients did nothing wrong.
    if (times.issuedAt < this.#store.since) {
      throw new Refusal(REPLY.ticketExpired, 'This server was restarted: fetch a new ticket.')
    }
    return refuseUsed()
  }

  /** Uses a ticket up. Of any number of callers, one gets the record and the others 401. */
  redeem(ticket: string): Promise<TicketRecord> {
    return this.use({ hash: digest(ticket) })
  }

  /** Uses up a ticket that `inspect` has looked at. */
  async use({ hash }: Pick<TicketRecord, 'hash'>): Promise<TicketRecord> {
    return (await this.#store.redeem(hash, this.#clock.now())) ?? refuseUsed()
  }

  /** The times that a ticket was signed with; throws 401 for one that Usher did not sign. */
  #timesOf(ticket: string): { issuedAt: number; expiresAt: number } {
    const bytes = bytesOf(ticket)
    if (bytes === null || !this.#isOurs(bytes)) {
      throw new Refusal(REPLY.ticketInvalid, 'This ticket is not one of ours: fetch a new one.')
    }
    const time = bytes.readUIntBE(ID_BYTES, TIME_BYTES)
    const expiresAt = Math.floor(time / LIVES)
    return { issuedAt: expiresAt - (time % LIVES) * 1_000, expiresAt }
  }

  #isOurs(bytes: Buffer): boolean {
    return this.#signer.signed(bytes.subarray(0, BODY_BYTES), bytes.subarray(BODY_BYTES))
  }
}

/** Null for a text that Usher would not have written: the last character has two bits to spare. */
function bytesOf(ticket: string): Buffer | null {
  if (!FORM.test(ticket)) return null
  const bytes = Buffer.from(ticket.slice(PREFIX.length), 'base64url')
  return PREFIX + bytes.toString('base64url') === ticket ? bytes : null
}

function refuseUsed(): never {
  throw new Refusal(REPLY.ticketUsed, 'This ticket was used already: fetch a new one.')
}
