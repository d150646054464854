// Golden commands of the Centrifugal protocol: what a client sends, and how it is read.
import type { Command } from '../../../src/protocol/command.ts'
import { AFTER, HI, ROOM } from './events.ts'

const JOIN: Extract<Command, { type: 'subscribe' }> = {
  ...{ type: 'subscribe', id: 2, room: ROOM, token: null, after: null },
  ...{ isStrict: false, tellsPresence: false, isUnknownKind: false },
}

interface GoldenCommand {
  json: string
  command: Command
}

const HISTORY_ASKED: Command = {
  ...{ type: 'history', id: 6, room: ROOM, limit: 10, isReverse: true },
  since: { epoch: 'aZ9k', offset: 0 },
}

export const COMMANDS: readonly GoldenCommand[] = [
  {
    json: '{"id":1,"connect":{"token":"t1","name":"js"}}',
    command: { type: 'connect', id: 1, token: 't1', positions: new Map() },
  },
  {
    // A client that comes back, whose own room it had joined by the server.
    json:
      '{"connect":{"subs":{"user:u":{"recover":true,"epoch":"aZ9k","offset":7},' +
      '"b":{}}},"id":1}',
    command: { type: 'connect', id: 1, token: null, positions: new Map([['user:u', AFTER]]) },
  },
  // JavaScript offers a shorter form of pushes with each subscription: nothing of Usher's.
  { json: '{"id":2,"subscribe":{"channel":"room:1","flag":1}}', command: JOIN },
  {
    json:
      '{"id":2,"subscribe":{"channel":"room:1","recover":true,"epoch":"aZ9k",' +
      '"offset":7,"flag":1}}',
    command: { ...JOIN, after: AFTER },
  },
  {
    json: '{"id":2,"subscribe":{"channel":"room:1","recover":true,"flag":3,"join_leave":true}}',
    command: { ...JOIN, after: { epoch: '', offset: 0 }, isStrict: true, tellsPresence: true },
  },
  {
    json:
      '{"id":2,"subscribe":{"channel":"room:1","token":"t3","type":1,' +
      '"delta":"fossil","tf":{}}}',
    command: { ...JOIN, token: 't3', isUnknownKind: true },
  },
  {
    json: '{"id":3,"publish":{"channel":"room:1","data":{"t":"hi"}}}',
    command: { type: 'publish', id: 3, room: ROOM, kind: 'json', payload: HI },
  },
  {
    json: '{"id":4,"unsubscribe":{"channel":"room:1"}}',
    command: { type: 'unsubscribe', id: 4, room: ROOM },
  },
  {
    json: '{"id":5,"presence":{"channel":"room:1"}}',
    command: { type: 'presence', id: 5, room: ROOM },
  },
  {
    json: '{"id":5,"presence_stats":{"channel":"room:1"}}',
    command: { type: 'presence-stats', id: 5, room: ROOM },
  },
  {
    json:
      '{"id":6,"history":{"channel":"room:1","limit":10,"since":{"epoch":"aZ9k"},' +
      '"reverse":true}}',
    command: HISTORY_ASKED,
  },
  {
    // All that one answer may have.
    json: '{"id":6,"history":{"channel":"room:1","limit":-1}}',
    command: { ...HISTORY_ASKED, limit: null, since: null, isReverse: false },
  },
  {
    // The position alone.
    json: '{"id":6,"history":{"channel":"room:1"}}',
    command: { ...HISTORY_ASKED, limit: 0, since: null, isReverse: false },
  },
  {
    json: '{"id":5,"rpc":{"method":"pub","data":{}}}',
    command: { type: 'rpc', id: 5, method: 'pub', data: Buffer.from('{}') },
  },
  { json: '{"send":{"data":{}}}', command: { type: 'send', data: Buffer.from('{}') } },
  {
    json: '{"id":7,"refresh":{"token":"t2"}}',
    command: { type: 'refresh', id: 7, token: 't2' },
  },
  {
    json: '{"id":8,"sub_refresh":{"channel":"room:1","token":"t3"}}',
    command: { type: 'sub-refresh', id: 8, room: ROOM, token: 't3' },
  },
  { json: '{"id":9,"ping":{}}', command: { type: 'unknown', id: 9 } },
  // What comes in a later version of the protocol can be answered.
  { json: '{"id":9,"later":{}}', command: { type: 'unknown', id: 9 } },
  { json: '{}', command: { type: 'pong' } },
]
