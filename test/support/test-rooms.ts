// Connections without a port: fake sockets, a log in memory, and a clock that stands still.
import { Connection } from '../../src/connection/connection.ts'
import { RawHandler } from '../../src/connection/raw-handler.ts'
import { ConnectionRegistry } from '../../src/connection/registry.ts'
import { MemoryPresence } from '../../src/engine/memory/presence.ts'
import { ANONYMOUS, type Identity } from '../../src/protocol/identity.ts'
import { DEFAULT_LIMITS, type Limits } from '../../src/protocol/limits.ts'
import { Rooms } from '../../src/room/rooms.ts'
import { type Authorize, RULE_DEFAULTS, type Rule } from '../../src/room/rule.ts'
import { raw } from '../../src/wire/raw.ts'
import { ephemeralLog } from './ephemeral-log.ts'
import { FakeSocket } from './fake-socket.ts'
import { ManualClock } from './manual-clock.ts'
import { sharesWithin } from './memory-shares.ts'

const NODE = 'node'
const PINGS = { pingSeconds: 5, pongSeconds: 2 }

export interface Live {
  socket: FakeSocket
  connection: Connection
  handler: RawHandler
}

/** An identity with a session. */
export function userOf(user: string, more: Partial<Identity> = {}): Identity {
  return { ...ANONYMOUS, proof: 'token', user, session: `s_${user}`, ...more }
}

export class TestRooms {
  readonly clock = new ManualClock()
  readonly log = ephemeralLog(this.clock)
  readonly connections: ConnectionRegistry
  /** Unforeseen errors, which a server logs. */
  readonly faults: unknown[] = []
  /** Nothing is in it but where a rule has presence. */
  readonly presence = new MemoryPresence()
  readonly rooms: Rooms
  rule: Rule

  constructor(limits: Partial<Limits> = {}, rule: Partial<Rule> = {}, authorize?: Authorize) {
    const { clock, log } = this
    this.rule = { ...RULE_DEFAULTS, match: '*', ...rule }
    const shares = sharesWithin(limits, clock)
    const all = { ...DEFAULT_LIMITS, ...limits }
    const presence = {
      ...{ store: this.presence, membersMax: all.presenceMembers },
      isOurs: (connection: string) => connection.startsWith(NODE),
      onFailure: (error: unknown) => void this.faults.push(error),
    }
    this.rooms = new Rooms({ log, clock, shares, rules: [this.rule], authorize, presence })
    this.connections = new ConnectionRegistry({
      ...{ clock, limits: all, heartbeat: PINGS },
      ...{ scheduler: this.rooms.scheduler, node: () => NODE },
      shares,
      onFault: (_, error) => this.faults.push(error),
    })
  }

  /** A connection that is open and has not joined. */
  open(echo: boolean | null = null): Live {
    const { connections, clock } = this
    const socket = new FakeSocket()
    const seat = connections.connectionLimits.take('192.0.2.1', clock.elapsed())
    const connection = new Connection({ connections, socket, seat })
    const handler = new RawHandler(connection, { format: raw, echo, start: null })
    connection.open(handler)
    return { socket, connection, handler }
  }

  async join(live: Live, identity: Identity, room = 'chat:a'): Promise<Live> {
    live.connection.seat.assign(identity.user)
    live.handler.join({ identity, hold: await this.rooms.open(room, this.rule) })
    return live
  }

  /** A member of a room. */
  member(identity: Identity, room?: string): Promise<Live> {
    return this.join(this.open(), identity, room)
  }
}

export function say({ connection }: Live, text: string): void {
  connection.receive(Buffer.from(text), false)
}

/** Lets the turn end, so that published messages are delivered. */
export const turn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)))
