// Whether an identity may join a room, publish in it or redact there: the scopes of a server key
// first, then its rule decides, or the application that Usher is embedded in.
import { REPLY, Refusal } from '../protocol/errors.ts'
import type { Identity } from '../protocol/identity.ts'
import { companionedBy, ownerOf } from '../protocol/names.ts'
import { hasScope, lacksScope, type Scope } from '../protocol/scope.ts'
import { type Action, type Authorize, allows, type Rule } from './rule.ts'

/** What an identity wants in a room: an action of rules, or one that needs such an action. */
export type Purpose = Action | 'redact'

const NEEDED: Readonly<Record<Purpose, { action: Action; scope: Scope }>> = {
  join: { action: 'join', scope: 'read' },
  publish: { action: 'publish', scope: 'publish' },
  redact: { action: 'join', scope: 'rooms' },
}

export type Permits = (
  rule: Rule,
  identity: Identity,
  purpose: Purpose,
  room: string,
) => boolean | Promise<boolean>

/**
 * `authorize` decides if there is one, else the rules; a personal room is always its owner's. A
 * ticket that names rooms opens no other, in both cases (S47). Those who may join a room may join
 * its companion too, in which there is nothing else to do.
 */
export function permitsBy(authorize: Authorize | undefined): Permits {
  return (rule, identity, purpose, name) => {
    const companioned = companionedBy(name)
    if (companioned !== null && purpose !== 'join') return false
    const room = companioned ?? name
    const { action, scope } = NEEDED[purpose]
    if (!hasScope(identity, scope)) return false
    if (identity.rooms?.includes(room) === false) return false
    if (authorize === undefined || ownerOf(room) !== null) {
      return allows(rule, identity, action, room)
    }
    return answerOf(authorize(identity, action, room))
  }
}

/** Only `true` is a yes. Anything with a `then` is waited for, of any promise library. */
function answerOf(answer: unknown): boolean | Promise<boolean> {
  const mayHaveThen = typeof answer === 'object' || typeof answer === 'function'
  if (!mayHaveThen || answer === null) return answer === true
  return Promise.resolve(answer as PromiseLike<unknown>).then((settled) => settled === true)
}

/** The same words whether or not the room has a rule at all (S32). */
export function notPermitted(identity: Identity, purpose: Purpose): Refusal {
  const { scope } = NEEDED[purpose]
  if (!hasScope(identity, scope)) return lacksScope(scope)
  return identity.proof === 'none'
    ? new Refusal(REPLY.unauthorized, 'Log in, or show a token or a ticket.')
    : new Refusal(REPLY.forbidden, 'You may not do that in this room.')
}
