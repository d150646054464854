// Golden replies of the Centrifugal protocol: what a client is answered, and how it is written.
import { COMMAND_REPLY, REPLY } from '../../../src/protocol/errors.ts'
import type { ConnectedReply, Membership, Reply } from '../../../src/protocol/reply.ts'
import type { ReplyFormat } from '../../../src/wire/wire-format.ts'
import { AFTER, SAID, TOP } from './events.ts'

interface GoldenReply {
  id: number
  reply: Reply
  json: string
  /** In hex. */
  protobuf: string
  /** Whether the message of these files stands in it. */
  hasItem?: true
}

const MEMBERSHIP: Membership = {
  ...{ position: AFTER, wasRecovering: false, recovered: false, items: [] },
  ...{ redactions: null, secondsLeft: null },
}
const CONNECTED: ConnectedReply = {
  ...{ type: 'connected', connection: 'c1', pingSeconds: 25, secondsLeft: null },
  ...{ rooms: new Map(), uplink: null },
}

export const REPLIES: readonly GoldenReply[] = [
  {
    id: 1,
    reply: CONNECTED,
    json: '{"id":1,"connect":{"client":"c1","version":"usher","ping":25,"pong":true}}',
    protobuf: '1308012a0f0a0263311205757368657238194001',
  },
  {
    id: 1,
    reply: {
      ...{ ...CONNECTED, secondsLeft: 60, uplink: { node: 'n', session: 's' } },
      rooms: new Map([['user:u', MEMBERSHIP]]),
    },
    json:
      '{"id":1,"connect":{"client":"c1","version":"usher","expires":true,"ttl":60,"subs":' +
      '{"user:u":{"recoverable":true,"epoch":"aZ9k","offset":7,"positioned":true}},' +
      '"ping":25,"pong":true,"session":"s","node":"n"}}',
    protobuf:
      '3508012a310a026331120575736865721801203c32160a06757365723a75120c18013204615a396b4807' +
      '5001381940014a017352016e',
  },
  {
    // A word of the protocol for each, and a sentence that is never empty.
    id: 1,
    reply: { type: 'failed', code: COMMAND_REPLY.tokenExpired, message: 'token expired' },
    json: '{"id":1,"error":{"code":109,"message":"token expired"}}',
    protobuf: '1508011211086d120d746f6b656e2065787069726564',
  },
  {
    id: 2,
    reply: { type: 'failed', code: REPLY.tooManyRequests, message: '' },
    json: '{"id":2,"error":{"code":111,"message":"too_many_requests","temporary":true}}',
    protobuf: '1b08021217086f1211746f6f5f6d616e795f72657175657374731801',
  },
  {
    id: 2,
    reply: { ...MEMBERSHIP, type: 'joined' },
    json: '{"id":2,"subscribe":{"recoverable":true,"epoch":"aZ9k","offset":7,"positioned":true}}',
    protobuf: '100802320c18013204615a396b48075001',
  },
  {
    // A room without history.
    id: 2,
    reply: { ...MEMBERSHIP, type: 'joined', position: null },
    json: '{"id":2,"subscribe":{}}',
    protobuf: '0408023200',
  },
  {
    // The offset is that of the client, which the publications move on.
    id: 2,
    reply: {
      ...{ ...MEMBERSHIP, type: 'joined', position: TOP },
      ...{ wasRecovering: true, recovered: true, redactions: 3, secondsLeft: 60 },
    },
    hasItem: true,
    json:
      '{"id":2,"subscribe":{"expires":true,"ttl":60,"recoverable":true,"epoch":"aZ9k",' +
      '"offset":7,"recovered":true,"was_recovering":true,"positioned":true,"publications":' +
      '[{"data":{"t":"hi"},"offset":8,"time":1}],"data":{"redactions":3}}}',
    protobuf:
      '3c080232380801103c18013204615a396b3a10220a7b2274223a226869227d300848014001480750015a' +
      '107b22726564616374696f6e73223a337d6001',
  },
  {
    // Not all could be given: the newest position, and nothing of what was missed.
    id: 2,
    reply: { ...MEMBERSHIP, type: 'joined', position: TOP, wasRecovering: true },
    json:
      '{"id":2,"subscribe":{"recoverable":true,"epoch":"aZ9k","offset":8,' +
      '"was_recovering":true,"positioned":true}}',
    protobuf: '120802320e18013204615a396b480850016001',
  },
  {
    id: 3,
    reply: { type: 'published', position: TOP, time: 1 },
    json: '{"id":3,"publish":{}}',
    protobuf: '0408034200',
  },
  {
    id: 4,
    reply: { type: 'left' },
    json: '{"id":4,"unsubscribe":{}}',
    protobuf: '0408043a00',
  },
  {
    id: 5,
    reply: {
      type: 'presence',
      clients: [{ connection: 'c1', user: 'u1', name: null, info: null }],
    },
    json: '{"id":5,"presence":{"presence":{"c1":{"user":"u1","client":"c1"}}}}',
    protobuf: '1408054a100a0e0a02633112080a02753112026331',
  },
  {
    id: 5,
    reply: { type: 'presence', clients: [] },
    json: '{"id":5,"presence":{"presence":{}}}',
    protobuf: '0408054a00',
  },
  {
    id: 6,
    reply: { type: 'presence-stats', connections: 2, users: 1 },
    json: '{"id":6,"presence_stats":{"num_clients":2,"num_users":1}}',
    protobuf: '080806520408021001',
  },
  {
    id: 6,
    reply: { type: 'history', items: [], position: TOP },
    hasItem: true,
    json:
      '{"id":6,"history":{"publications":[{"data":{"t":"hi"},"offset":8,"time":1}],' +
      '"epoch":"aZ9k","offset":8}}',
    protobuf: '1e08065a1a0a10220a7b2274223a226869227d300848011204615a396b1808',
  },
  {
    id: 6,
    reply: { type: 'history', items: [], position: TOP },
    json: '{"id":6,"history":{"publications":[],"epoch":"aZ9k","offset":8}}',
    protobuf: '0c08065a081204615a396b1808',
  },
  {
    id: 5,
    reply: { type: 'rpc', data: Buffer.from('{}') },
    json: '{"id":5,"rpc":{"data":{}}}',
    protobuf: '0808056a040a027b7d',
  },
  {
    id: 7,
    reply: { type: 'refreshed', connection: 'c1', secondsLeft: 60 },
    json: '{"id":7,"refresh":{"client":"c1","version":"usher","expires":true,"ttl":60}}',
    protobuf: '130807720f0a026331120575736865721801203c',
  },
  {
    id: 8,
    reply: { type: 'sub-refreshed', secondsLeft: null },
    json: '{"id":8,"sub_refresh":{}}',
    protobuf: '0408087a00',
  },
]

/** The reply with the item that this format makes, where it has one. */
export function withItem({ reply, hasItem }: GoldenReply, item: ReplyFormat['item']): Reply {
  return hasItem && 'items' in reply ? { ...reply, items: [item(SAID)] } : reply
}
