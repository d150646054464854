// How random the secrets are that Usher issues: so many bits come from the port of randomness, and
// each of them counts. A source that flips one bit at a time shows both.
import { test } from 'tap'
import type { RefreshStore, SessionStore, TicketStore } from '../../src/engine/identity-store.ts'
import { RefreshTokens } from '../../src/identity/refresh-tokens.ts'
import type { RevokeAccess } from '../../src/identity/revoke-access.ts'
import { deriveKeys } from '../../src/identity/secret.ts'
import { Sessions } from '../../src/identity/sessions.ts'
import { Tickets } from '../../src/identity/ticket.ts'
import type { Random } from '../../src/time/random.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { sharesWithin } from '../support/memory-shares.ts'

const clock = new ManualClock()
const ROOT = { current: 'the root secret of these tests', previous: null }
const ORDER = { user: 'u_1', session: null, rooms: null, name: null, info: null }
const ANN = { user: 'u_1', username: 'ann', usernameKey: 'ann', password: '', createdAt: 0 }
const always = async () => true

/** Gives zeros, but for one bit: `flipped` counts the bits of all that is taken. */
class OneBit implements Random {
  taken = 0
  readonly #flipped: number | null

  constructor(flipped: number | null) {
    this.#flipped = flipped
  }

  bytes(count: number): Buffer {
    const bytes = Buffer.alloc(count)
    const at = this.#flipped === null ? -1 : this.#flipped - this.taken * 8
    if (at >= 0 && at < count * 8) bytes[at >> 3] = 1 << (at & 7)
    this.taken += count
    return bytes
  }
}

interface Secret {
  /** The bits at least that it takes (S7, S16). */
  bits: number
  of(random: Random): Promise<string>
}

const SECRETS: Record<string, Secret> = {
  '[S7] a ticket': {
    bits: 128,
    of: async (random) => {
      const store = { since: 0, isLocal: true, issue: always } as unknown as TicketStore
      const parts = { store, keys: deriveKeys(ROOT, 'ticket'), clock, random }
      const tickets = new Tickets({ ...parts, shares: sharesWithin({}, clock) })
      return (await tickets.issue({ ...ORDER, connectionExpiresAt: null, seconds: 30 })).ticket
    },
  },
  'the cookie of a session': {
    bits: 256,
    of: async (random) => (await sessionsOf(random).start(ANN, 'web')).secret,
  },
  'a refresh token': {
    bits: 128,
    of: (random) => {
      const store = { add: always } as unknown as RefreshStore
      const parts = { store, keys: deriveKeys(ROOT, 'refresh-token'), clock, random }
      const revokeAccess = {} as RevokeAccess
      const sessions = sessionsOf(random)
      return new RefreshTokens({ ...parts, sessions, revokeAccess }).issue('s_1')
    },
  },
}

function sessionsOf(random: Random): Sessions {
  return new Sessions({ store: { create: always } as unknown as SessionStore, clock, random })
}

for (const [name, { bits, of }] of Object.entries(SECRETS)) {
  test(`${name} has ${bits} random bits`, async (t) => {
    const sources = [null, ...Array.from({ length: bits }, (_, bit) => bit)]
    const seen = new Set<string>()
    for (const flipped of sources) seen.add(await of(new OneBit(flipped)))
    t.equal(seen.size, bits + 1)
  })
}
