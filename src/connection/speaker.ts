// The port of commands: a connection, as far as what it asks for needs to know it.
import type { CloseCode } from '../protocol/errors.ts'
import type { Identity } from '../protocol/identity.ts'

export interface Speaker {
  readonly id: string
  readonly identity: Identity
  close(code: CloseCode): void
}
