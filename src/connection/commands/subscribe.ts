// Joins a room. A ticket in the command is a right for this room alone.
import type { SubscribeCommand } from '../../protocol/command.ts'
import { COMMAND_REPLY, REPLY, Refusal } from '../../protocol/errors.ts'
import { ANONYMOUS, type Identity } from '../../protocol/identity.ts'
import { companionedBy, isRoomName } from '../../protocol/names.ts'
import type { RoomHold } from '../../room/open-rooms.ts'
import { enterRoom } from '../room-entry.ts'
import type { Conversation } from './conversation.ts'
import { joinRoom } from './join-room.ts'
import { outboxRoom } from './outbox-room.ts'
import { secondsLeft } from './seconds-left.ts'

export async function subscribe(
  conversation: Conversation,
  command: SubscribeCommand,
): Promise<void> {
  const { connection } = conversation
  const { id, room, after, isStrict, tellsPresence } = command
  const { clock } = connection.connections
  check(conversation, command)
  if (after !== null) await outboxRoom(connection)
  const since = Math.floor(clock.elapsed())
  const right = await rightOf(conversation, command)
  const hold = await enterRoom(conversation.rooms, right ?? conversation.identity, room)
  if (mustNotJoin(conversation, hold, right, since)) return
  const isIn = await joinRoom(conversation, {
    ...{ hold, after, tellsPresence, right, isByServer: false },
    secondsLeft: secondsLeft(right ?? ANONYMOUS, clock.now()),
    answer(joined) {
      if (isStrict && after !== null && !joined.recovered) throw notRecovered()
      conversation.reply(id, { type: 'joined', ...joined })
    },
  })
  if (!isIn) conversation.fail(id, sentOut(), room)
}

function notRecovered(): Refusal {
  return new Refusal(REPLY.unrecoverable, 'What was missed is not kept: load the room again.')
}

function check({ connection, memberships }: Conversation, command: SubscribeCommand): void {
  const { room, isUnknownKind } = command
  if (isUnknownKind) {
    throw new Refusal(REPLY.notAvailable, 'Usher has subscriptions to streams of messages alone.')
  }
  const isCompanion = companionedBy(room) !== null
  if (!isRoomName(room) && !isCompanion)
    throw new Refusal(REPLY.badRequest, 'There is no room of such a name.')
  if (memberships.has(room))
    throw new Refusal(COMMAND_REPLY.alreadyJoined, 'You are in this room already.')
  const { roomsPerConnection } = connection.connections.limits
  if (roomsPerConnection === null) return
  const count = isCompanion ? memberships.companions : memberships.asked
  if (count < roomsPerConnection) return
  const sentence = `A connection is in ${roomsPerConnection} rooms at most: leave one first.`
  throw new Refusal(COMMAND_REPLY.limitExceeded, sentence, undefined, 'roomsPerConnection')
}

async function rightOf(
  { identity, proofs }: Conversation,
  { token, room }: SubscribeCommand,
): Promise<Identity | null> {
  return token === null ? null : proofs.ticketFor(token, identity.user, companionedBy(room) ?? room)
}

/** Whether the right was revoked while the room was entered; the hold is released then. */
function mustNotJoin(
  { connection }: Conversation,
  hold: RoomHold,
  right: Identity | null,
  since: number,
): boolean {
  const { connections, identity } = connection
  const isRevoked = right !== null && connections.wasRevoked(right, since)
  const room = companionedBy(hold.room.name) ?? hold.room.name
  const isOut = isRevoked || connections.wasSentOut(identity.user, room, since)
  if (!connection.isClosed && !isOut) return false
  hold.release()
  if (isOut) throw sentOut()
  return true
}

function sentOut(): Refusal {
  return new Refusal(REPLY.forbidden, 'You were sent out of this room.')
}
