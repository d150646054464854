// A node whose rooms share their presence with other nodes. A test takes the store away from it, or
// what the store tells, and reads joins and leaves as the members of a room get them.
import { EngineUnavailable } from '../../src/engine/engine.ts'
import { MemoryPresence } from '../../src/engine/memory/presence.ts'
import type { PresenceStore, PresenceWatcher } from '../../src/engine/presence-store.ts'
import type { RoomEvent } from '../../src/protocol/event.ts'
import type { Identity } from '../../src/protocol/identity.ts'
import type { RoomHold } from '../../src/room/open-rooms.ts'
import { Rooms } from '../../src/room/rooms.ts'
import { RULE_DEFAULTS, type Rule } from '../../src/room/rule.ts'
import { raw } from '../../src/wire/raw.ts'
import type { WireFormat } from '../../src/wire/wire-format.ts'
import { ephemeralLog } from './ephemeral-log.ts'
import { FakeMember } from './fake-member.ts'
import { ManualClock } from './manual-clock.ts'
import { sharesWithin } from './memory-shares.ts'

/** Joins and leaves as `+id` and `-id`, each with a space behind it; messages as they came. */
export const telling: WireFormat = {
  ...raw,
  name: 'telling',
  encode(event: RoomEvent) {
    if (event.type === 'message') return event.message.payload
    if (event.type === 'redacted') return null
    return Buffer.from(`${event.type === 'joined' ? '+' : '-'}${event.client.connection} `)
  },
}

/** The connections that are present by what a member was told. Each change MUST be told once. */
export function presentByTold({ heard }: { heard: string }): string[] {
  const present = new Set<string>()
  for (const told of heard.split(' ').filter(Boolean)) {
    const [sign, id] = [told[0], told.slice(1)]
    const isNews = sign === '+' ? !present.has(id) : present.delete(id)
    if (!isNews) throw new Error(`${told} was told twice`)
    if (sign === '+') present.add(id)
  }
  return [...present].toSorted()
}

export const turn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)))

export interface PresenceNodeParts {
  rule?: Partial<Rule>
  membersMax?: number | null
  /** The entries that all nodes share. */
  shared?: MemoryPresence
}

/** A member, and how it leaves. */
export interface Visit {
  member: FakeMember
  hold: RoomHold
  leave(): void
}

export class PresenceNode {
  readonly clock = new ManualClock()
  readonly rooms: Rooms
  readonly rule: Rule
  /** What the store was asked, in order: `enter`, `leave`, `list` and `watch`. */
  readonly asked: string[] = []
  readonly failures: unknown[] = []
  isAway = false
  isCutOff = false
  readonly #shared: MemoryPresence
  readonly #watchers = new Set<PresenceWatcher>()
  readonly #ours = new Set<string>()

  constructor({ rule, membersMax = null, shared = new MemoryPresence() }: PresenceNodeParts = {}) {
    const { clock } = this
    this.#shared = shared
    this.rule = { ...RULE_DEFAULTS, match: '*', presence: 'members', join: ['anyone'], ...rule }
    this.rooms = new Rooms({
      ...{ log: ephemeralLog(clock), clock, shares: sharesWithin({}, clock), rules: [this.rule] },
      presence: {
        ...{ store: this.#store(), membersMax },
        isOurs: (connection) => this.#ours.has(connection),
        onFailure: (error) => this.failures.push(error),
      },
    })
  }

  /** What the node missed while it was cut off is lost to it. */
  reconnect(): void {
    this.isCutOff = false
    for (const watcher of this.#watchers) watcher.onGap()
  }

  member(identity: Partial<Identity> = {}, format: WireFormat = telling): FakeMember {
    const member = new FakeMember({ identity, format })
    this.#ours.add(member.id)
    return member
  }

  async join(member = this.member(), room = 'chat:a'): Promise<Visit> {
    const hold = await this.rooms.open(room, this.rule)
    hold.room.join(member)
    const leave = () => {
      hold.room.leave(member)
      hold.release()
    }
    return { member, hold, leave }
  }

  #store(): PresenceStore {
    const shared = this.#shared
    const ask = async <Answer>(what: string, run: () => Promise<Answer>): Promise<Answer> => {
      this.asked.push(what)
      await turn()
      if (this.isAway) throw new EngineUnavailable('The store is away.')
      const answer = await run()
      // What happens meanwhile is told before an older answer comes.
      await turn()
      return answer
    }
    return {
      enter: (room, entry) => ask('enter', () => shared.enter(room, entry)),
      leave: (room, connection) => ask('leave', () => shared.leave(room, connection)),
      list: (room) => ask('list', () => shared.list(room)),
      watch: (room, watcher) => ask('watch', () => shared.watch(room, this.#later(watcher))),
    }
  }

  /** What the store tells comes a turn later, and not at all while the node is cut off. */
  #later(watcher: PresenceWatcher): PresenceWatcher {
    this.#watchers.add(watcher)
    const later = (tell: () => void) => setImmediate(() => this.isCutOff || tell())
    return {
      onEntered: (entry) => later(() => watcher.onEntered(entry)),
      onLeft: (entry) => later(() => watcher.onLeft(entry)),
      onGap: () => watcher.onGap(),
    }
  }
}
