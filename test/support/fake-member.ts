// A member of a room that keeps each buffer and failure that it is given.
import { type Holder, NO_HOLDER } from '../../src/engine/shares.ts'
import { ANONYMOUS, type Identity } from '../../src/protocol/identity.ts'
import type { Member } from '../../src/room/member.ts'
import type { WireFormat } from '../../src/wire/wire-format.ts'
import { CountingFormat } from './counting-format.ts'

const COUNTING = new CountingFormat()
let made = 0

export interface FakeMemberParts {
  /** One for all that name none: they share what is encoded. */
  format?: WireFormat
  echo?: boolean
  user?: string | null
  /** What is not given is as for a connection without a credential. */
  identity?: Partial<Identity>
  holder?: Holder
}

export class FakeMember implements Member {
  readonly id: string
  readonly identity: Identity
  readonly holder: Holder
  readonly format: WireFormat
  readonly echo: boolean
  /** Each buffer as it was delivered. */
  readonly buffers: Buffer[] = []
  /** Called when a buffer was kept. */
  onDeliver: () => void = () => undefined

  /** The reasons for which the room could not bring it up to date. */
  readonly failures: string[] = []
  bufferedBytes = 0
  unreadPieces = 0
  /** Whether it is asked what it has read: then a test counts `unreadPieces` down. */
  tells = false

  constructor(parts: FakeMemberParts = {}) {
    const { format = COUNTING, echo = true, user = null, holder = NO_HOLDER, identity } = parts
    made += 1
    this.id = `m${made}`
    this.identity = { ...ANONYMOUS, user, ...identity }
    this.holder = holder
    this.format = format
    this.echo = echo
  }

  get user(): string | null {
    return this.identity.user
  }

  deliver(frames: Buffer): void {
    this.buffers.push(frames)
    this.onDeliver()
  }

  endPiece(): void {
    if (this.tells) this.unreadPieces += 1
  }

  fail(reason: string): void {
    this.failures.push(reason)
  }

  /** All buffers, as one text. */
  get heard(): string {
    return Buffer.concat(this.buffers).toString()
  }
}
