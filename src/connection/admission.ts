// Admits a proved identity: its seat is counted for its user, and then its claim is settled, which
// uses up a ticket. A failure before that MUST NOT use it up [C23].
import type { Claim } from '../identity/authenticator.ts'
import type { Seat } from './connection-limits.ts'

/** Rejects with the Refusal to answer with. The caller releases the seat. */
export async function admit(claim: Claim, seat: Seat): Promise<void> {
  seat.assign(claim.identity.user)
  await claim.settle()
  seat.decide()
}
