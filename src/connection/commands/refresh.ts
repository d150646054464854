// Shows a new token for an open connection, which then lasts as long as that allows.
import type { Claim } from '../../identity/authenticator.ts'
import { isExpired } from '../../identity/expired.ts'
import type { RefreshCommand } from '../../protocol/command.ts'
import { CLOSE, COMMAND_REPLY, REPLY, Refusal } from '../../protocol/errors.ts'
import type { Conversation } from './conversation.ts'
import { credentialIn } from './credential-in.ts'
import { secondsLeft } from './seconds-left.ts'

/** Another user's token closes the connection: rooms were joined by the right of this one. */
export async function refresh(
  conversation: Conversation,
  { id, token }: RefreshCommand,
): Promise<void> {
  const { connection, identity } = conversation
  const { clock } = connection.connections
  const since = Math.floor(clock.elapsed())
  const claim = await claimOf(conversation, token)
  if (claim === null) return connection.close(CLOSE.invalidCredentials)
  const { user, server } = claim.identity
  if (user !== identity.user || server !== identity.server) {
    return connection.close(CLOSE.invalidCredentials)
  }
  await claim.settle()
  if (connection.isClosed || !connection.renew(claim.identity, since)) return
  const left = secondsLeft(claim.identity, clock.now())
  conversation.reply(id, { type: 'refreshed', connection: connection.id, secondsLeft: left })
}

/** Null for a credential that is wrong for good; a late one is answered, so that the next comes. */
async function claimOf({ proofs }: Conversation, token: string): Promise<Claim | null> {
  try {
    return await proofs.prove(credentialIn(token))
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    if (isExpired(error)) throw new Refusal(COMMAND_REPLY.tokenExpired, error.message)
    if (error.reply.status === REPLY.unauthorized.status) return null
    throw error
  }
}
