// What a call of the application must hold.
import { REPLY, Refusal } from '../../src/protocol/errors.ts'

/** Throws a 400 Refusal with this sentence otherwise. */
export function need(holds: boolean, sentence: string): void {
  if (!holds) throw new Refusal(REPLY.badRequest, sentence)
}
