// rpc("publish", {room, data, key, ephemeral, echo}): as the publish command, with a key that makes
// it take effect once, and answered with the position.
import type { Appended } from '../../engine/message-log.ts'
import type { RpcCommand } from '../../protocol/command.ts'
import { REPLY, Refusal } from '../../protocol/errors.ts'
import { jsonSlice } from '../../protocol/json-slice.ts'
import { isText } from '../../protocol/payload.ts'
import type { Conversation } from './conversation.ts'
import { draftOf } from './publish.ts'

interface Wish {
  room: string
  key: string | null
  ephemeral: boolean
  echo: boolean
  /** The JSON text of the message. */
  data: string
}

export function rpcPublish(conversation: Conversation, { id, data }: RpcCommand): void {
  const { room, key, ephemeral, echo, data: text } = wishIn(data)
  const payload = Buffer.from(text)
  const draft = draftOf(conversation, room, { kind: 'json', payload })
  if (!echo) draft.unechoed = true
  if (ephemeral) draft.ephemeral = true
  const published = conversation.rooms.publish(room, conversation, draft, key)
  const answer = (appended: Appended): void =>
    conversation.reply(id, { type: 'rpc', data: Buffer.from(JSON.stringify(answerOf(appended))) })
  if (!(published instanceof Promise)) return answer(published)
  published.then(answer, (error: unknown) => conversation.fail(id, error, room))
}

function answerOf({ position, time }: Appended) {
  return { epoch: position?.epoch ?? null, offset: position?.offset ?? null, time }
}

function wishIn(data: Buffer): Wish {
  // Of Protobuf these are any bytes, of which a text would say something else.
  if (!isText(data)) throw notOne()
  const text = data.toString('utf8')
  const wish = objectIn(text)
  const { room, key = null, ephemeral = false, echo = true } = wish
  const fits =
    typeof room === 'string' &&
    (key === null || typeof key === 'string') &&
    typeof ephemeral === 'boolean' &&
    typeof echo === 'boolean'
  const message = jsonSlice(text, ['data'])
  if (!fits || message === null) throw notOne()
  return { room, key, ephemeral, echo, data: message }
}

function objectIn(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    throw notOne()
  }
  throw notOne()
}

function notOne(): Refusal {
  const form = '{"room": "…", "data": …, "key"?: "…", "ephemeral"?: true, "echo"?: false}'
  return new Refusal(REPLY.badRequest, `publish takes ${form}.`)
}
