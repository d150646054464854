// Who may do what in a room: what its rule says, or the application that Usher is embedded in.
import { REPLY, Refusal } from '../protocol/errors.ts'
import type { Identity } from '../protocol/identity.ts'
import { ownerOf } from '../protocol/names.ts'
import { type Action, type Authorize, allows, type Rule } from './rule.ts'

export type Permits = (
  rule: Rule,
  identity: Identity,
  action: Action,
  room: string,
) => boolean | Promise<boolean>

/** The rules decide, or `authorize` does; a personal room stays its owner's either way. */
export function permitsBy(authorize: Authorize | undefined): Permits {
  if (authorize === undefined) return allows
  return (rule, identity, action, room) =>
    ownerOf(room) === null
      ? answerOf(authorize(identity, action, room))
      : allows(rule, identity, action, room)
}

/** Only `true` is a yes. What has a `then` is waited for, whichever library it comes from. */
function answerOf(answer: unknown): boolean | Promise<boolean> {
  if (typeof answer !== 'object' || answer === null) return answer === true
  return Promise.resolve(answer as PromiseLike<unknown>).then((settled) => settled === true)
}

/** The same words whether or not the room has a rule at all (S32). */
export function notPermitted({ proof }: Identity): Refusal {
  return proof === 'none'
    ? new Refusal(REPLY.unauthorized, 'Log in, or show a token or a ticket.')
    : new Refusal(REPLY.forbidden, 'You may not do that in this room.')
}
