// Letting a proved identity in: its seat is counted for its user, and then its claim is settled,
// which uses up a ticket. Nothing that fails earlier may burn one [C23].
import type { Claim } from '../identity/authenticator.ts'
import type { Seat } from './connection-limits.ts'

/** Rejects with the Refusal to answer with. The seat stays the caller's to release. */
export async function admit(claim: Claim, seat: Seat): Promise<void> {
  seat.assign(claim.identity.user)
  await claim.settle()
}
