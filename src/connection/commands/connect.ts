// Says who the client is: by the token in the command, else by what its handshake showed. The
// server then joins the connection to the user's own room.
import type { Claim } from '../../identity/authenticator.ts'
import { isTicket } from '../../identity/ticket.ts'
import type { ConnectCommand } from '../../protocol/command.ts'
import { REPLY, Refusal } from '../../protocol/errors.ts'
import type { Identity } from '../../protocol/identity.ts'
import { personalRoomOf } from '../../protocol/names.ts'
import type { ConnectedReply, Membership as Joined, Uplink } from '../../protocol/reply.ts'
import type { RoomHold } from '../../room/open-rooms.ts'
import { admit } from '../admission.ts'
import { enterRoom } from '../room-entry.ts'
import type { Conversation } from './conversation.ts'
import { credentialIn } from './credential-in.ts'
import { joinRoom } from './join-room.ts'
import { secondsLeft } from './seconds-left.ts'

/** What is known of a client before its connect command. */
export interface Shown {
  /** What its handshake proved, or why it was refused; null where it showed nothing. */
  readonly claim: Claim | Refusal | null
  /** Whether a long-lived token in the command came by a URL, where none may be. */
  readonly isInUrl: boolean
  /** How a client without WebSockets reaches the connection; null on a WebSocket. */
  readonly uplink: Uplink | null
}

/**
 * Rejects with a Refusal for the credential, the seat or the room, and with EngineUnavailable. The
 * connection may be closing when this resolves.
 */
export async function connect(
  conversation: Conversation,
  command: ConnectCommand,
  shown: Shown,
): Promise<void> {
  const { connection } = conversation
  const claim = await claimOf(conversation, command, shown)
  const own = await ownRoom(conversation, claim.identity)
  try {
    await admit(claim, connection.seat)
  } catch (error) {
    own?.release()
    throw error
  }
  if (connection.isClosed || !connection.identify(claim.identity)) return own?.release()
  conversation.connected()
  const connected = (rooms: [string, Joined][]): void =>
    answer(conversation, command, { rooms: new Map(rooms), uplink: shown.uplink })
  const isAnswered = own !== null && (await join(conversation, own, command, connected))
  if (!isAnswered && !connection.isClosed) connected([])
}

function answer(
  conversation: Conversation,
  { id }: ConnectCommand,
  { rooms, uplink }: Pick<ConnectedReply, 'rooms' | 'uplink'>,
): void {
  const { connection } = conversation
  const { connections, identity } = connection
  conversation.reply(id, {
    ...{ type: 'connected', connection: connection.id, rooms, uplink },
    pingSeconds: connections.heartbeat.pingSeconds,
    secondsLeft: secondsLeft(identity, connections.clock.now()),
  })
}

async function claimOf(
  { rooms, proofs, connection }: Conversation,
  { token }: ConnectCommand,
  { claim, isInUrl }: Shown,
): Promise<Claim> {
  if (token !== null) {
    if (isInUrl && !isTicket(token)) throw new Refusal(REPLY.badRequest, NOT_IN_URL)
    connection.seat.provingSince = Math.floor(connection.connections.clock.elapsed())
    return proofs.prove(credentialIn(token))
  }
  if (claim instanceof Refusal) throw claim
  if (claim !== null) return claim
  if (!rooms.admitsAnonymous) throw new Refusal(REPLY.unauthorized, 'Show a token or a ticket.')
  return proofs.prove({ kind: 'none' })
}

const NOT_IN_URL = 'Only a ticket may stand in this URL: it ends up in logs.'

/** The personal room, open for its user; null where it may not be joined. */
async function ownRoom({ rooms }: Conversation, identity: Identity): Promise<RoomHold | null> {
  const room = identity.user === null ? null : personalRoomOf(identity.user)
  if (room === null || identity.rooms?.includes(room) === false) return null
  return enterRoom(rooms, identity, room)
}

/** Joins the personal room and answers; false where it ended before, or may not be joined. */
async function join(
  conversation: Conversation,
  hold: RoomHold,
  { positions }: ConnectCommand,
  connected: (rooms: [string, Joined][]) => void,
): Promise<boolean> {
  const { connection } = conversation
  const { name } = hold.room
  if (connection.wasSentOut(name)) {
    hold.release()
    return false
  }
  return joinRoom(conversation, {
    ...{ hold, after: positions.get(name) ?? null, tellsPresence: false, right: null },
    ...{ isByServer: true, secondsLeft: null },
    answer: (joined) => connected([[name, joined]]),
  })
}
