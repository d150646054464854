// Which connections are in which rooms, over all nodes: a hash for each room, and a channel on
// which each change is told once. The entries of a node are its own: it enters them again where
// Redis may have lost them, and when it took another id. Those of a node that is gone are told as
// left by each node to its own watchers.
import { type Clock, sleep, type Timer } from '../../time/clock.ts'
import type { PresenceEntry, PresenceStore, PresenceWatcher, Watch } from '../presence-store.ts'
import type { Keys } from './keys.ts'
import type { RedisLink } from './link.ts'
import type { NodeLease } from './node-lease.ts'
import { fieldOf, type Owned, readEntry } from './presence-message.ts'
import { PresenceMirror } from './presence-mirror.ts'
import { PresenceWrites } from './presence-writes.ts'
import { SeenNodes } from './seen-nodes.ts'

/** How long a Redis that is another run may lack entries that their nodes enter again. */
const SETTLE_MS = 5_000
/** So often this node confirms its entries, lest they run out. */
const CONFIRM_MS = 3_600_000
/** Rooms, and entries, of which one turn takes care. */
const ROOMS_AT_ONCE = 200
const ENTRIES_AT_ONCE = 20_000
/** After a gap all watched rooms are listed: spread over about three seconds. */
const GAP_STEPS = 30
const GAP_STEP_MS = 100

export interface RedisPresenceParts {
  link: RedisLink
  keys: Keys
  clock: Clock
  lease: NodeLease
  settleMs?: number
}

/** A room that has a watcher or a connection of this node. */
interface Room {
  readonly name: string
  readonly mirror: PresenceMirror
  /** Its connections of this node that did not leave. */
  readonly own: Map<string, PresenceEntry>
  /** The run of the primary that has its entries; null where that is not known. */
  run: string | null
  /** Resolves when its channel is subscribed; null where it is not. */
  listening: Promise<void> | null
  /** The doubt over Redis in which it was another run last. */
  lostIn: number
}

export class RedisPresence implements PresenceStore {
  readonly #parts: RedisPresenceParts
  readonly #nodes: SeenNodes
  readonly #writes: PresenceWrites
  readonly #rooms = new Map<string, Room>()
  /** Rooms whose entries of this node Redis may not have. */
  readonly #unsure = new Set<string>()
  readonly #timer: Timer
  readonly #stopDoubting: () => void
  #isConfirming = false
  #doubts = 0
  #isClosed = false

  constructor(parts: RedisPresenceParts) {
    const { link, clock, lease } = parts
    this.#parts = parts
    this.#nodes = new SeenNodes(lease)
    this.#writes = new PresenceWrites({ ...parts, node: () => lease.node })
    this.#timer = clock.every(CONFIRM_MS, () => this.#confirmAll())
    this.#stopDoubting = link.onDoubt((_, concerns) => void this.#doubted(concerns))
    lease.onRenewed((former) => this.#renewed(former))
    lease.onLook(() => this.#looked())
  }

  enter(name: string, entry: PresenceEntry): Promise<void> {
    const { connection } = entry
    this.#room(name).own.set(connection, entry)
    return this.#writes.add(name, { connection, entry })
  }

  leave(name: string, connection: string): Promise<void> {
    const room = this.#rooms.get(name)
    room?.own.delete(connection)
    if (room) this.#closeUnused(room)
    return this.#writes.add(name, { connection, entry: null })
  }

  async list(name: string): Promise<PresenceEntry[]> {
    const mirror = this.#rooms.get(name)?.mirror ?? new PresenceMirror(this.#nodes)
    return mirror.list(() => this.#read(name))
  }

  async watch(name: string, watcher: PresenceWatcher): Promise<Watch> {
    const room = this.#room(name)
    const watch = room.mirror.watch(watcher, () => this.#unlisten(room))
    room.listening ??= this.#listen(room)
    try {
      await room.listening
    } catch (error) {
      watch.stop()
      throw error
    }
    return watch
  }

  /** Whether Redis has all entries of this node, as far as that is known. */
  get isSure(): boolean {
    return this.#unsure.size === 0 && !this.#isConfirming
  }

  /** The entries of this node go with its lease. */
  close(): void {
    this.#isClosed = true
    this.#timer.cancel()
    this.#stopDoubting()
    for (const { listening, name } of this.#rooms.values()) {
      if (listening !== null) this.#parts.link.unsubscribe(this.#channel(name))
    }
    this.#rooms.clear()
  }

  #room(name: string): Room {
    const found = this.#rooms.get(name)
    if (found) return found
    const mirror = new PresenceMirror(this.#nodes)
    const room: Room = {
      ...{ name, mirror, own: new Map(), run: this.#runOf(name), listening: null, lostIn: 0 },
    }
    this.#rooms.set(name, room)
    return room
  }

  #closeUnused(room: Room): void {
    const isUsed = room.own.size > 0 || room.mirror.isWatched
    if (!isUsed && this.#rooms.get(room.name) === room) this.#rooms.delete(room.name)
  }

  #listen({ name, mirror }: Room): Promise<void> {
    return this.#parts.link.subscribe(this.#channel(name), (message) => mirror.hear(message))
  }

  #unlisten(room: Room): void {
    room.listening = null
    this.#parts.link.unsubscribe(this.#channel(room.name))
    this.#closeUnused(room)
  }

  #channel(name: string): string {
    return this.#parts.keys.room(name, 'pc')
  }

  #runOf(name: string): string | null {
    const { link, keys } = this.#parts
    try {
      return link.runOf(keys.room(name, 'p'))
    } catch {
      return null
    }
  }

  /** The entries of nodes that are not gone; those of the others are deleted meanwhile. */
  async #read(name: string): Promise<Map<string, Owned>> {
    const hash = this.#parts.keys.room(name, 'p')
    const stored = (await this.#parts.link.send(hash, ['HGETALL', hash])) as Buffer[]
    const all: Owned[] = []
    for (let i = 0; i + 1 < stored.length; i += 2)
      all.push(readEntry(`${stored[i]}`, `${stored[i + 1]}`))
    await this.#knowNodes(all)
    const listed = new Map<string, Owned>()
    const dead: string[] = []
    for (const owned of all) {
      const { node, entry } = owned
      const former = listed.get(entry.connection)
      if (this.#nodes.isGone(node)) dead.push(fieldOf(node, entry.connection))
      else if (!former || this.#nodes.isLiving(node)) listed.set(entry.connection, owned)
    }
    if (!this.isSure) this.#addOwn(name, listed)
    if (dead.length > 0) this.#parts.link.send(hash, ['HDEL', hash, ...dead]).catch(nothing)
    return listed
  }

  /** Whatever Redis lost: the connections of this node are there. */
  #addOwn(name: string, listed: Map<string, Owned>): void {
    const { node } = this.#parts.lease
    for (const [connection, entry] of this.#rooms.get(name)?.own ?? []) {
      if (!listed.has(connection)) listed.set(connection, { node, entry })
    }
  }

  async #knowNodes(all: readonly Owned[]): Promise<void> {
    const isUnknown = ({ node }: Owned) => !this.#nodes.isLiving(node) && !this.#nodes.isGone(node)
    const unknown = all.filter(isUnknown)
    if (unknown.length === 0) return
    for (const { node } of unknown) this.#nodes.saw(node)
    await this.#nodes.lookUp()
  }

  #looked(): void {
    if (this.#unsure.size > 0) void this.#confirm()
    const gone = this.#nodes.judge()
    if (gone.size > 0) void this.#buryNodes(gone)
  }

  #renewed(former: string): void {
    this.#nodes.bury(former)
    void this.#buryNodes(new Set([former]))
    this.#confirmAll()
  }

  async #buryNodes(gone: ReadonlySet<string>): Promise<void> {
    let scanned = 0
    for (const { mirror, own } of [...this.#rooms.values()]) {
      mirror.buryNodes(gone, own)
      scanned += 1 + mirror.size
      if (scanned < ENTRIES_AT_ONCE) continue
      scanned = 0
      await new Promise<void>((next) => this.#parts.clock.endOfTurn(next))
    }
  }

  #confirmAll(): void {
    for (const { name, own } of this.#rooms.values()) if (own.size > 0) this.#unsure.add(name)
    void this.#confirm()
  }

  /** Enters again what this node has in rooms of which it is not sure. Goes on after a failure. */
  async #confirm(): Promise<void> {
    if (this.#isConfirming) return
    this.#isConfirming = true
    try {
      while (this.#unsure.size > 0 && !this.#isClosed) {
        const names = [...this.#unsure].slice(0, ROOMS_AT_ONCE)
        await Promise.all(names.map((name) => this.#confirmRoom(name)))
      }
    } catch {
      // Redis is away: the next time that it is known which nodes live, it is there.
    } finally {
      this.#isConfirming = false
    }
  }

  async #confirmRoom(name: string): Promise<void> {
    this.#unsure.delete(name)
    const own = this.#rooms.get(name)?.own ?? new Map<string, PresenceEntry>()
    const entries = Array.from(own, ([connection, entry]) =>
      this.#writes.add(name, { connection, entry }),
    )
    try {
      await Promise.all(entries)
    } catch (error) {
      this.#unsure.add(name)
      throw error
    }
  }

  /** Watchers list what they missed: where Redis may have lost some, when it may be there again. */
  async #doubted(concerns: (channel: string) => boolean): Promise<void> {
    this.#doubts += 1
    const doubt = this.#doubts
    const { missed, lost } = this.#inDoubt(concerns)
    for (const room of lost) {
      room.lostIn = doubt
      room.mirror.isSettled = false
      this.#unsure.add(room.name)
    }
    // With a lease that is gone this node has another id now, and confirms everything.
    await this.#nodes.lookUp().catch(nothing)
    await this.#tellGaps(missed)
    if (lost.length === 0) return
    await sleep(this.#parts.clock, this.#parts.settleMs ?? SETTLE_MS)
    const since = lost.filter(({ lostIn }) => lostIn === doubt)
    for (const { mirror } of since) mirror.isSettled = true
    await this.#tellGaps(since)
  }

  /** A room that no channel tells of has its run alone to go by. */
  #inDoubt(concerns: (channel: string) => boolean): Record<'missed' | 'lost', Room[]> {
    const [missed, lost]: [Room[], Room[]] = [[], []]
    for (const room of this.#rooms.values()) {
      const { name, listening } = room
      if (listening !== null && !concerns(this.#channel(name))) continue
      const run = this.#runOf(name)
      const isSame = run !== null && run === room.run
      room.run = run
      if (isSame) missed.push(room)
      else lost.push(room)
    }
    return { missed, lost }
  }

  async #tellGaps(rooms: readonly Room[]): Promise<void> {
    const step = Math.max(ROOMS_AT_ONCE, Math.ceil(rooms.length / GAP_STEPS))
    for (let from = 0; from < rooms.length; from += step) {
      if (from > 0) await sleep(this.#parts.clock, GAP_STEP_MS)
      if (this.#isClosed) return
      for (const { mirror } of rooms.slice(from, from + step)) mirror.tellGap()
    }
  }
}

function nothing(): undefined {}
