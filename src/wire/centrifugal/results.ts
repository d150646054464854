// What the server says, from our words to those of the Centrifugal protocol, for both encodings.
import type { CloseCode } from '../../protocol/errors.ts'
import type { ClientInfo, PresenceEvent, RedactedEvent } from '../../protocol/event.ts'
import type { Message } from '../../protocol/message.ts'
import type {
  ConnectedReply,
  FailedReply,
  HistoryReply,
  Membership,
  PresenceReply,
  Reply,
} from '../../protocol/reply.ts'
import type {
  ClientInfoFields,
  PublicationFields,
  PushFields,
  ReplyFields,
  SubscribeResult,
} from './schema.ts'

/** The version of a server; SDKs want one that is not empty. */
const VERSION = 'usher'
const NULL = Buffer.from('null')

/** The reply to a command. A result has its key also where it is empty: SDKs wait for that. */
export function resultOf(reply: Reply): ReplyFields {
  switch (reply.type) {
    case 'connected':
      return { connect: connected(reply) }
    case 'refreshed':
      return {
        refresh: { client: reply.connection, version: VERSION, ...expiry(reply.secondsLeft) },
      }
    case 'joined':
      return { subscribe: subscribed(reply) }
    case 'sub-refreshed':
      return { sub_refresh: expiry(reply.secondsLeft) }
    case 'left':
      return { unsubscribe: {} }
    case 'published':
      return { publish: {} }
    case 'presence':
      return { presence: { presence: clients(reply) } }
    case 'presence-stats':
      return { presence_stats: { num_clients: reply.connections, num_users: reply.users } }
    case 'history':
      return { history: history(reply) }
    case 'rpc':
      return { rpc: { data: reply.data } }
    case 'failed':
      return { error: failed(reply) }
  }
}

function expiry(secondsLeft: number | null): { expires?: true; ttl?: number } {
  return secondsLeft === null ? {} : { expires: true, ttl: secondsLeft }
}

function connected(reply: ConnectedReply): NonNullable<ReplyFields['connect']> {
  const { rooms, uplink } = reply
  const subs = new Map([...rooms].map(([room, membership]) => [room, subscribed(membership)]))
  return {
    client: reply.connection,
    version: VERSION,
    ...expiry(reply.secondsLeft),
    ...(subs.size > 0 && { subs }),
    ping: reply.pingSeconds,
    pong: true,
    ...(uplink !== null && { session: uplink.session, node: uplink.node }),
  }
}

function subscribed(membership: Membership): SubscribeResult {
  const { position, items, redactions, recovered, state } = membership
  // SDKs begin at this offset and move on by each publication: those in the result, then others.
  const first = (offset: number): number => (recovered ? offset - items.length : offset)
  return {
    ...expiry(membership.secondsLeft),
    ...(position && { recoverable: true, epoch: position.epoch, offset: first(position.offset) }),
    ...(recovered && { recovered }),
    ...(membership.wasRecovering && { was_recovering: true }),
    ...(position && { positioned: true }),
    ...(items.length > 0 && { publications: items }),
    ...(redactions !== null && { data: Buffer.from(`{"redactions":${redactions}}`) }),
    ...(state && { data: state }),
  }
}

function clients({ clients }: PresenceReply): Map<string, ClientInfoFields> {
  return new Map(clients.map((client) => [client.connection, infoOf(client)]))
}

function history({ items, position }: HistoryReply): NonNullable<ReplyFields['history']> {
  return { publications: items, epoch: position.epoch, offset: position.offset }
}

function failed({ code, message }: FailedReply): NonNullable<ReplyFields['error']> {
  const error = { code: code.code, message: message || code.error }
  return code.temporary ? { ...error, temporary: true } : error
}

/** What a server key published, and what was read from the store without a user, has no sender. */
export function hasSender({ user, origin }: Message): boolean {
  return user !== null || origin !== null
}

export function senderOf({ user, name, origin }: Message): ClientInfoFields {
  return infoOf({ connection: origin ?? '', user, name, info: null })
}

function infoOf({ connection, user, name, info }: ClientInfo): ClientInfoFields {
  const about = aboutOf(name, info)
  const fields = { user: user ?? '', client: connection }
  return about === null ? fields : { ...fields, conn_info: Buffer.from(about) }
}

/** What else others see of a connection, as JSON; null where that is nothing. */
export function aboutOf(name: string | null, info: string | null): string | null {
  if (name === null && info === null) return null
  return `{"name":${JSON.stringify(name)},"info":${info}}`
}

/** The mark of a message that was taken back. */
export function redactedTags(offset: number): Map<string, string> {
  return new Map([['redacted', String(offset)]])
}

/** It has no offset, which would rewind clients. */
export function redactedPush({ room, offset }: RedactedEvent): PushFields {
  const pub: PublicationFields = { data: NULL, tags: redactedTags(offset) }
  return { channel: room, pub }
}

export function presencePush({ type, room, client }: PresenceEvent): PushFields {
  const body = { info: infoOf(client) }
  return type === 'joined' ? { channel: room, join: body } : { channel: room, leave: body }
}

export function unsubscribePush(room: string, { code, reason }: CloseCode): PushFields {
  return { channel: room, unsubscribe: { code, reason } }
}

/** Where the transport cannot tell why a connection ends. */
export function disconnectPush({ code, reason }: CloseCode): PushFields {
  return { disconnect: { code, reason } }
}
