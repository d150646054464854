// rpc("receipt", {moves}), rpc("receipts", {room, offset}) and rpc("leave", {room}): how far the
// user has got in rooms, how far all others have, and belonging to a room no longer.
import { EngineUnavailable } from '../../engine/engine.ts'
import type { Move } from '../../engine/receipt-store.ts'
import type { RpcCommand } from '../../protocol/command.ts'
import { REPLY, Refusal } from '../../protocol/errors.ts'
import { isText } from '../../protocol/payload.ts'
import type { Conversation } from './conversation.ts'
import { outboxRoom } from './outbox-room.ts'

const MOVES_MAX = 256
/** So many cost as much as a command. */
const MOVES_OF_A_COMMAND = 16

const TAKES = {
  receipt:
    'receipt takes {"moves": [{"room": "…", "delivered"?: 7, "read"?: 7, "private"?: true}]}, ' +
    `1 to ${MOVES_MAX} moves of delivered, of read or of both.`,
  receipts: 'receipts takes {"room": "…", "offset"?: 7}.',
  leave: 'leave takes {"room": "…"}.',
} as const

/**
 * Later commands wait for the application, if it is asked, and not for the disk: in whatever order
 * moves are made, each only goes forward.
 */
export async function rpcReceipt(
  conversation: Conversation,
  { id, data }: RpcCommand,
): Promise<void> {
  const moves = movesIn(data)
  conversation.countFurther(Math.ceil(moves.length / MOVES_OF_A_COMMAND) - 1)
  const { identity, connection, rooms } = conversation
  const refusals = await rooms.receipts.refusals(identity, moves)
  // The account may be gone: it must not come into rooms again after it was taken out of all.
  if (connection.isClosed) return
  rooms.receipts
    .move(identity, moves, connection.holder, refusals)
    .then((receipts) => {
      const told = receipts.map((receipt, index) => ({
        room: moves[index]?.room,
        ...(receipt instanceof Error ? errorOf(receipt) : receipt),
      }))
      answer(conversation, id, { moves: told })
    })
    .catch((error: unknown) => conversation.fail(id, error))
}

export async function rpcReceipts(
  conversation: Conversation,
  { id, data }: RpcCommand,
): Promise<void> {
  const { room, offset = null } = objectIn(data, 'receipts')
  const fits = typeof room === 'string' && (offset === null || isOffset(offset))
  if (!fits) throw notOne('receipts')
  const { connection, identity, rooms } = conversation
  const { holder } = connection
  await outboxRoom(connection)
  const found = await rooms.receipts.read(room, identity, { offset, holder })
  answer(conversation, id, found)
}

export async function rpcLeave(
  conversation: Conversation,
  { id, data }: RpcCommand,
): Promise<void> {
  const { room } = objectIn(data, 'leave')
  if (typeof room !== 'string') throw notOne('leave')
  const { identity, rooms } = conversation
  if (identity.user === null) throw new Refusal(REPLY.forbidden, 'Only users belong to rooms.')
  await rooms.receipts.remove(room, identity.user, identity)
  answer(conversation, id, {})
}

function answer(conversation: Conversation, id: number, value: object): void {
  conversation.reply(id, { type: 'rpc', data: Buffer.from(JSON.stringify(value)) })
}

function errorOf(error: Error): { error: string; code: number; message: string } {
  const refusal = error instanceof EngineUnavailable ? error.refusal : error
  if (!(refusal instanceof Refusal)) throw error
  const { reply, message } = refusal
  return { error: reply.error, code: reply.code, message }
}

function movesIn(data: Buffer): Move[] {
  const { moves } = objectIn(data, 'receipt')
  const isList = Array.isArray(moves) && moves.length > 0 && moves.length <= MOVES_MAX
  if (!isList) throw notOne('receipt')
  return moves.map((move: unknown) => {
    const { room, delivered = null, read = null, private: isPrivate = false } = fieldsOf(move)
    const isMove =
      typeof room === 'string' &&
      (delivered === null || isOffset(delivered)) &&
      (read === null || isOffset(read)) &&
      (delivered !== null || read !== null) &&
      typeof isPrivate === 'boolean'
    if (!isMove) throw notOne('receipt')
    return { room, delivered, read, isPrivate }
  })
}

function isOffset(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function objectIn(data: Buffer, method: keyof typeof TAKES): Record<string, unknown> {
  if (!isText(data)) throw notOne(method)
  try {
    return fieldsOf(JSON.parse(data.toString('utf8')))
  } catch {
    throw notOne(method)
  }
}

function fieldsOf(value: unknown): Record<string, unknown> {
  const isObject = typeof value === 'object' && value !== null
  return isObject ? (value as Record<string, unknown>) : {}
}

function notOne(method: keyof typeof TAKES): Refusal {
  return new Refusal(REPLY.badRequest, TAKES[method])
}
