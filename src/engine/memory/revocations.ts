// Revocations for one node: every follower is called at once.
import type { Revocation } from '../../protocol/identity.ts'
import type { Revocations } from '../engine.ts'

/** `revoke` resolves when every follower was called. */
export function createMemoryRevocations(): Revocations {
  const followers = new Set<{ onRevoked: (revocation: Revocation) => void }>()
  return {
    async revoke(revocation) {
      for (const follower of followers) follower.onRevoked(revocation)
    },
    follow(onRevoked) {
      const follower = { onRevoked }
      followers.add(follower)
      return () => {
        followers.delete(follower)
      }
    },
  }
}
