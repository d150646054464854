// The `authorize` of an application, with its failures: they are logged here, once for every way to
// join and to publish, and the client is told no more than that something went wrong (S52) [C88].
import type { FastifyBaseLogger } from 'fastify'
import type { Action, Authorize } from '../../src/room/rule.ts'
import { unforeseen } from '../answers/refusal-of.ts'

export function loggedAuthorize(authorize: Authorize, log: FastifyBaseLogger): Authorize {
  const fail = (error: unknown, action: Action): never => {
    log.error({ err: error, action }, 'the authorize function failed')
    throw unforeseen()
  }
  return (identity, action, room) => {
    try {
      const answer = authorize(identity, action, room)
      // An answer at once stays one: most applications give a plain boolean for every message.
      if (typeof answer === 'boolean') return answer
      return Promise.resolve(answer).catch((error: unknown) => fail(error, action))
    } catch (error) {
      return fail(error, action)
    }
  }
}
