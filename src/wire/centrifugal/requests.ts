// What clients ask, from the words of the Centrifugal protocol to ours, for both encodings.
import { type Command, PONG, UNREADABLE } from '../../protocol/command.ts'
import type { Content } from '../../protocol/content-from-json.ts'
import type { Position } from '../../protocol/message.ts'
import type { CommandFields, SubscribeRequest } from './schema.ts'

/** How an encoding takes the data of a message, which may have been left out. */
export type ContentOf = (data: Buffer | undefined) => Content

type Requests = { [Name in keyof CommandFields]-?: NonNullable<CommandFields[Name]> }

/** A bit of `flag`: refuse where not all that was missed can be given. */
const REJECT_UNRECOVERED = 2
const NOTHING = Buffer.alloc(0)

/** Where several requests stand in one command, the first that Usher knows counts. */
export function commandOf(fields: CommandFields, contentOf: ContentOf): Command {
  const { id = 0, ...requests } = fields
  const command = requestOf(id, requests, contentOf)
  if (command === null) return id === 0 ? PONG : { type: 'unknown', id }
  return 'id' in command && id === 0 ? UNREADABLE : command
}

function requestOf(id: number, request: CommandFields, contentOf: ContentOf): Command | null {
  if (request.connect) return connectOf(id, request.connect)
  if (request.subscribe) return subscribeOf(id, request.subscribe)
  if (request.publish) {
    return {
      type: 'publish',
      id,
      room: roomOf(request.publish),
      ...contentOf(request.publish.data),
    }
  }
  if (request.unsubscribe) return { type: 'unsubscribe', id, room: roomOf(request.unsubscribe) }
  if (request.presence) return { type: 'presence', id, room: roomOf(request.presence) }
  if (request.presence_stats) {
    return { type: 'presence-stats', id, room: roomOf(request.presence_stats) }
  }
  if (request.history) return historyOf(id, request.history)
  if (request.ping) return { type: 'unknown', id }
  if (request.send) return { type: 'send', data: request.send.data ?? NOTHING }
  if (request.rpc) {
    return { type: 'rpc', id, method: request.rpc.method ?? '', data: request.rpc.data ?? NOTHING }
  }
  if (request.refresh) return { type: 'refresh', id, token: request.refresh.token ?? '' }
  if (!request.sub_refresh) return null
  const { token = '' } = request.sub_refresh
  return { type: 'sub-refresh', id, room: roomOf(request.sub_refresh), token }
}

function roomOf({ channel = '' }: { readonly channel?: string }): string {
  return channel
}

function connectOf(id: number, { token, subs = new Map() }: Requests['connect']): Command {
  const positions = new Map<string, Position>()
  for (const [room, request] of subs) {
    const position = positionOf(request)
    if (position !== null) positions.set(room, position)
  }
  return { type: 'connect', id, token: token || null, positions }
}

/** Null where the client wants only what is published from now on. */
function positionOf({ recover, epoch = '', offset = 0 }: SubscribeRequest): Position | null {
  return recover ? { epoch, offset } : null
}

function subscribeOf(id: number, request: SubscribeRequest): Command {
  const { flag = 0, type = 0 } = request
  return {
    type: 'subscribe',
    id,
    room: roomOf(request),
    token: request.token || null,
    after: positionOf(request),
    isStrict: (flag & REJECT_UNRECOVERED) !== 0,
    tellsPresence: request.join_leave ?? false,
    isUnknownKind: type !== 0,
  }
}

/** A limit below zero asks for as many as one answer may have. */
function historyOf(id: number, request: Requests['history']): Command {
  const { limit = 0, since, reverse: isReverse = false } = request
  return {
    type: 'history',
    id,
    room: roomOf(request),
    limit: limit < 0 ? null : limit,
    since: since ? { epoch: since.epoch ?? '', offset: since.offset ?? 0 } : null,
    isReverse,
  }
}
