// The audit log: which connections opened and closed, which clients were refused, and whose access
// was revoked. It has names and numbers, never a message or a credential (S36).
import { REPLY, Refusal } from '../protocol/errors.ts'
import type { Clock } from '../time/clock.ts'
import { Throttle, type ThrottleRates } from '../time/throttle.ts'

/** Every kind of line, and the sentence in it. `docs/security.md` lists their fields. */
export const AUDIT = {
  connected: 'connection opened',
  disconnected: 'connection closed',
  'logged-in': 'a user logged in',
  'auth-failed': 'a credential was refused, or none was shown',
  'ticket-replayed': 'a ticket came back that was used, or whose session has ended',
  'ticket-retried': 'a used ticket was shown again, as browsers and SDKs do by themselves',
  'refresh-token-replayed': 'a refresh token came back after its time: its session was ended',
  denied: 'a client may not do that',
  'limit-hit': 'a limit refused a client',
  revoked: 'access was revoked',
  administered: 'a server key changed something',
  operated: 'an operator changed an account by the command usher user',
} as const

export type AuditEvent = keyof typeof AUDIT

/** Lines about credentials that may have been stolen: they are warnings. */
const ALARMS: ReadonlySet<AuditEvent> = new Set(['ticket-replayed', 'refresh-token-replayed'])

export type AuditFacts = Readonly<Record<string, string | number | boolean | null | undefined>>

export interface AuditParts {
  clock: Clock
  /** Writes one line. */
  write(level: 'info' | 'warn', line: AuditFacts, sentence: string): void
  /** Counts a line that is not written. */
  leftOut(): void
}

/**
 * Lines about strangers: ten at once and ten a minute for each address, and a bound over all, so
 * that a flood fills no disk (S51).
 */
export const STRANGERS: ThrottleRates = {
  perKey: { burst: 10, perSecond: 10 / 60 },
  all: { burst: 1_000, perSecond: 20 },
  keysMax: 20_000,
}

export class Audit {
  readonly #parts: AuditParts
  readonly #throttle: Throttle
  readonly #unwritten = new Map<AuditEvent, number>()

  constructor(parts: AuditParts) {
    this.#parts = parts
    this.#throttle = new Throttle(STRANGERS, parts.clock.elapsed())
  }

  tell(audit: AuditEvent, facts: AuditFacts): void {
    const level = ALARMS.has(audit) ? 'warn' : 'info'
    this.#parts.write(level, { audit, ...facts }, AUDIT[audit])
  }

  /**
   * Writes a line about a client without a credential. One that comes again and again does not
   * fill the log: lines left out are counted, and the next line has their number.
   */
  tellOfStranger(audit: AuditEvent, network: string, facts: AuditFacts): void {
    const elapsed = this.#parts.clock.elapsed()
    if (!this.#throttle.take(`${audit} ${network}`, elapsed)) return this.#leaveOut(audit)
    this.tell(audit, { ...facts, unwritten: this.#take(audit) })
  }

  /**
   * Writes a line for a refusal that is about the client, and none for any other error. All are
   * counted as a stranger's. `retries` where clients show their ticket again by themselves: an
   * event stream, and the rich protocol, whose SDKs connect again with what they have.
   */
  refused(error: unknown, network: string, facts: AuditFacts, retries = false): void {
    const audit = error instanceof Refusal ? eventOf(error, retries) : null
    if (audit === null) return
    const { message, reply, limit } = error as Refusal
    this.tellOfStranger(audit, network, { ...facts, error: reply.error, limit, why: message })
  }

  /** Writes how many lines were left out, where no line has said so yet. */
  close(): void {
    for (const audit of this.#unwritten.keys()) this.tell(audit, { unwritten: this.#take(audit) })
  }

  #leaveOut(audit: AuditEvent): void {
    this.#unwritten.set(audit, (this.#unwritten.get(audit) ?? 0) + 1)
    this.#parts.leftOut()
  }

  /** How many lines were left out before this one; undefined when there were none. */
  #take(audit: AuditEvent): number | undefined {
    const count = this.#unwritten.get(audit)
    this.#unwritten.delete(audit)
    return count
  }
}

function eventOf({ reply, limit }: Refusal, retries: boolean): AuditEvent | null {
  // A browser's EventSource cannot do else, when its stream has ended [C177].
  if (reply === REPLY.ticketUsed) return retries ? 'ticket-retried' : 'ticket-replayed'
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
