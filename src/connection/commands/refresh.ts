// Shows a new token for an open connection, which then lasts as long as that allows.
import type { RefreshCommand } from '../../protocol/command.ts'
import { CLOSE } from '../../protocol/errors.ts'
import type { Conversation } from './conversation.ts'
import { credentialIn } from './credential-in.ts'
import { secondsLeft } from './seconds-left.ts'

/** Another user's token closes the connection: rooms were joined by the right of this one. */
export async function refresh(
  conversation: Conversation,
  { id, token }: RefreshCommand,
): Promise<void> {
  const { connection, identity, proofs } = conversation
  const { clock } = connection.connections
  const since = Math.floor(clock.elapsed())
  const claim = await proofs.prove(credentialIn(token))
  const { user, server } = claim.identity
  if (user !== identity.user || server !== identity.server) {
    return connection.close(CLOSE.invalidCredentials)
  }
  await claim.settle()
  if (connection.isClosed || !connection.renew(claim.identity, since)) return
  const left = secondsLeft(claim.identity, clock.now())
  conversation.reply(id, { type: 'refreshed', connection: connection.id, secondsLeft: left })
}
