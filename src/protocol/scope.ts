// What a server key may do, by scopes (S53). Every endpoint asks here, before rules and
// `authorize`.
import { REPLY, Refusal } from './errors.ts'

/**
 * `publish`: in any user's name; `read`: joining, following, history, state; `tickets`: issuing
 * them; `rooms`: redacting, disconnecting, sending out, bans, listing and deleting rooms; `users`:
 * accounts, and all that a user has said; `metrics`.
 */
export const SCOPES = ['publish', 'read', 'tickets', 'rooms', 'users', 'metrics'] as const

export type Scope = (typeof SCOPES)[number]

/** The scopes of a key that names none: a key that publishes cannot take over accounts. */
export const DEFAULT_SCOPES: readonly Scope[] = Object.freeze(SCOPES.filter((s) => s !== 'users'))

/** The part of an identity that scopes are about. */
export interface Scoped {
  /** Name of the server key; null for all other identities. */
  readonly server: string | null
  /** What the server key may do; null for all other identities, which have no scopes. */
  readonly scopes: readonly Scope[] | null
}

/** Scopes bind server keys alone: what others may do is decided elsewhere. */
export function hasScope({ server, scopes }: Scoped, scope: Scope): boolean {
  return server === null || (scopes?.includes(scope) ?? false)
}

export function lacksScope(scope: Scope): Refusal {
  const sentence = `This server key lacks the scope ${scope}: use one that has it.`
  return new Refusal(REPLY.forbidden, sentence)
}

/** Throws a 403 Refusal that names the scope which a server key lacks. */
export function needScope(identity: Scoped, scope: Scope): void {
  if (!hasScope(identity, scope)) throw lacksScope(scope)
}
