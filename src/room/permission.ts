// Whether an identity may join a room or publish in it: its rule decides, or the application that
// Usher is embedded in.
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

/** `authorize` decides if there is one, else the rules; a personal room is always its owner's. */
export function permitsBy(authorize: Authorize | undefined): Permits {
  if (authorize === undefined) return allows
  return (rule, identity, action, room) =>
    ownerOf(room) === null
      ? answerOf(authorize(identity, action, room))
      : allows(rule, identity, action, room)
}

/** Only `true` is a yes. An object with a `then` is waited for, of any promise library. */
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
