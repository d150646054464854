// The audit log: which connections opened and closed, which clients were refused, and whose access
// was revoked. It has names and numbers, never a message or a credential (S36).
import { REPLY, Refusal } from '../protocol/errors.ts'
import type { Clock } from '../time/clock.ts'
import { TokenBuckets } from '../time/token-bucket.ts'

/** Every kind of line, and the sentence in it. `docs/security.md` lists their fields. */
export const AUDIT = {
  connected: 'connection opened',
  disconnected: 'connection closed',
  'logged-in': 'a user logged in',
  'auth-failed': 'a credential was refused, or none was shown',
  'ticket-replayed': 'a ticket came back that was used, or whose session has ended',
  'refresh-token-replayed': 'a refresh token came back after its time: its session was ended',
  denied: 'a client may not do that',
  'limit-hit': 'a limit refused a client',
  revoked: 'access was revoked',
  administered: 'a server key changed something',
} as const

export type AuditEvent = keyof typeof AUDIT

/** Lines about credentials that may have been stolen: they are warnings. */
const ALARMS: ReadonlySet<AuditEvent> = new Set(['ticket-replayed', 'refresh-token-replayed'])

export type AuditFacts = Readonly<Record<string, string | number | boolean | null | undefined>>

export interface AuditParts {
  clock: Clock
  /** Writes one line. */
  write(level: 'info' | 'warn', line: AuditFacts, sentence: string): void
}

/** Lines that one address may cause for each kind of refusal: ten at once, ten a minute. */
const PER_ADDRESS = { burst: 10, perSecond: 10 / 60 }
/** With more addresses than this at a time, new ones share one allowance. */
const ADDRESSES_MAX = 20_000

export class Audit {
  readonly #parts: AuditParts
  readonly #rates = new TokenBuckets(PER_ADDRESS)
  readonly #unwritten = new Map<AuditEvent, number>()

  constructor(parts: AuditParts) {
    this.#parts = parts
  }

  tell(audit: AuditEvent, facts: AuditFacts): void {
    const level = ALARMS.has(audit) ? 'warn' : 'info'
    this.#parts.write(level, { audit, ...facts }, AUDIT[audit])
  }

  /**
   * Writes a line for a refusal that is about the client, and none for any other error. A client
   * that is refused again and again does not fill the log: lines left out are counted, and the next
   * line has their number.
   */
  refused(error: unknown, network: string, facts: AuditFacts): void {
    const audit = error instanceof Refusal ? eventOf(error) : null
    if (audit === null) return
    const { message, reply, limit } = error as Refusal
    if (!this.#mayWrite(audit, network)) return this.#leaveOut(audit)
    const why = { error: reply.error, limit, why: message }
    this.tell(audit, { ...facts, ...why, unwritten: this.#take(audit) })
  }

  /** Writes how many lines were left out, where no line has said so yet. */
  close(): void {
    for (const audit of this.#unwritten.keys()) this.tell(audit, { unwritten: this.#take(audit) })
  }

  #mayWrite(audit: AuditEvent, network: string): boolean {
    const elapsed = this.#parts.clock.elapsed()
    const key = this.#rates.size < ADDRESSES_MAX ? `${audit} ${network}` : audit
    return this.#rates.of(key, elapsed).take(1, elapsed)
  }

  #leaveOut(audit: AuditEvent): void {
    this.#unwritten.set(audit, (this.#unwritten.get(audit) ?? 0) + 1)
  }

  /** How many lines were left out before this one; undefined when there were none. */
  #take(audit: AuditEvent): number | undefined {
    const count = this.#unwritten.get(audit)
    this.#unwritten.delete(audit)
    return count
  }
}

function eventOf({ reply, limit }: Refusal): AuditEvent | null {
  if (reply === REPLY.ticketUsed) return 'ticket-replayed'
  if (limit !== undefined) return 'limit-hit'
  switch (reply.status) {
    case 401:
      return 'auth-failed'
    case 403:
      return 'denied'
    case 429:
      return 'limit-hit'
    default:
      return null
  }
}
