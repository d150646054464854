// Golden commands of the Centrifugal protocol: what a client sends, and how it is read.
import type { Command } from '../../../src/protocol/command.ts'
import { AFTER, HI, ROOM } from './events.ts'

const JOIN: Extract<Command, { type: 'subscribe' }> = {
  ...{ type: 'subscribe', id: 2, room: ROOM, token: null, after: null },
  ...{ isStrict: false, tellsPresence: false, isUnknownKind: false },
}

interface GoldenCommand {
  json: string
  /** In hex. */
  protobuf: string
  command: Command
}

const HISTORY_ASKED: Command = {
  ...{ type: 'history', id: 6, room: ROOM, limit: 10, isReverse: true },
  since: { epoch: 'aZ9k', offset: 0 },
}

export const COMMANDS: readonly GoldenCommand[] = [
  {
    json: '{"id":1,"connect":{"token":"t1","name":"js"}}',
    protobuf: '0c080122080a02743122026a73',
    command: { type: 'connect', id: 1, token: 't1', positions: new Map() },
  },
  {
    // A client that comes back, whose own room it had joined by the server.
    json:
      '{"connect":{"subs":{"user:u":{"recover":true,"epoch":"aZ9k","offset":7},' +
      '"b":{}}},"id":1}',
    protobuf: '210801221d1a140a06757365723a75120a18013204615a396b38071a050a01621200',
    command: { type: 'connect', id: 1, token: null, positions: new Map([['user:u', AFTER]]) },
  },
  // JavaScript offers a shorter form of pushes with each subscription: nothing of Usher's.
  {
    json: '{"id":2,"subscribe":{"channel":"room:1","flag":1}}',
    protobuf: '0e08022a0a0a06726f6f6d3a317001',
    command: JOIN,
  },
  {
    json:
      '{"id":2,"subscribe":{"channel":"room:1","recover":true,"epoch":"aZ9k",' +
      '"offset":7,"flag":1}}',
    protobuf: '1808022a140a06726f6f6d3a3118013204615a396b38077001',
    command: { ...JOIN, after: AFTER },
  },
  {
    json: '{"id":2,"subscribe":{"channel":"room:1","recover":true,"flag":3,"join_leave":true}}',
    protobuf: '1208022a0e0a06726f6f6d3a31180158017003',
    command: { ...JOIN, after: { epoch: '', offset: 0 }, isStrict: true, tellsPresence: true },
  },
  {
    json:
      '{"id":2,"subscribe":{"channel":"room:1","token":"t3","type":1,' +
      '"delta":"fossil","tf":{}}}',
    protobuf: '1c08022a180a06726f6f6d3a31120274336206666f7373696c6a007801',
    command: { ...JOIN, token: 't3', isUnknownKind: true },
  },
  {
    json: '{"id":3,"publish":{"channel":"room:1","data":{"t":"hi"}}}',
    protobuf: '1808033a140a06726f6f6d3a31120a7b2274223a226869227d',
    command: { type: 'publish', id: 3, room: ROOM, kind: 'json', payload: HI },
  },
  {
    json: '{"id":4,"unsubscribe":{"channel":"room:1"}}',
    protobuf: '0c080432080a06726f6f6d3a31',
    command: { type: 'unsubscribe', id: 4, room: ROOM },
  },
  {
    json: '{"id":5,"presence":{"channel":"room:1"}}',
    protobuf: '0c080542080a06726f6f6d3a31',
    command: { type: 'presence', id: 5, room: ROOM },
  },
  {
    json: '{"id":5,"presence_stats":{"channel":"room:1"}}',
    protobuf: '0c08054a080a06726f6f6d3a31',
    command: { type: 'presence-stats', id: 5, room: ROOM },
  },
  {
    json:
      '{"id":6,"history":{"channel":"room:1","limit":10,"since":{"epoch":"aZ9k"},' +
      '"reverse":true}}',
    protobuf: '18080652140a06726f6f6d3a31380a42061204615a396b4801',
    command: HISTORY_ASKED,
  },
  {
    // All that one answer may have.
    json: '{"id":6,"history":{"channel":"room:1","limit":-1}}',
    protobuf: '17080652130a06726f6f6d3a3138ffffffffffffffffff01',
    command: { ...HISTORY_ASKED, limit: null, since: null, isReverse: false },
  },
  {
    // The position alone.
    json: '{"id":6,"history":{"channel":"room:1"}}',
    protobuf: '0c080652080a06726f6f6d3a31',
    command: { ...HISTORY_ASKED, limit: 0, since: null, isReverse: false },
  },
  {
    json: '{"id":5,"rpc":{"method":"pub","data":{}}}',
    protobuf: '0d08056a090a027b7d1203707562',
    command: { type: 'rpc', id: 5, method: 'pub', data: Buffer.from('{}') },
  },
  {
    json: '{"send":{"data":{}}}',
    protobuf: '0662040a027b7d',
    command: { type: 'send', data: Buffer.from('{}') },
  },
  {
    json: '{"id":7,"refresh":{"token":"t2"}}',
    protobuf: '08080772040a027432',
    command: { type: 'refresh', id: 7, token: 't2' },
  },
  {
    json: '{"id":8,"sub_refresh":{"channel":"room:1","token":"t3"}}',
    protobuf: '1008087a0c0a06726f6f6d3a3112027433',
    command: { type: 'sub-refresh', id: 8, room: ROOM, token: 't3' },
  },
  { json: '{"id":9,"ping":{}}', protobuf: '0408095a00', command: { type: 'unknown', id: 9 } },
  // What comes in a later version of the protocol can be answered.
  { json: '{"id":9,"later":{}}', protobuf: '020809', command: { type: 'unknown', id: 9 } },
  { json: '{}', protobuf: '00', command: { type: 'pong' } },
]
