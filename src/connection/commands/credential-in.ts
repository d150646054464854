// The credential that a token of the rich protocol is: a ticket, or what a bearer token may be.
import type { Credential } from '../../identity/authenticator.ts'
import { isTicket } from '../../identity/ticket.ts'

export function credentialIn(token: string): Credential {
  return isTicket(token) ? { kind: 'ticket', ticket: token } : { kind: 'bearer', token }
}
