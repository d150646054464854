// A toy engine for two nodes that share by a plain EventEmitter. The log and presence stand in
// memory, the rest in one store that both nodes reach. What a node hears comes a turn after it
// happened, and answers come before or after that.
import { EventEmitter } from 'node:events'
import type { Test } from 'tap'
import { type Engine, EngineUnavailable, type OnRenewed } from '../../src/engine/engine.ts'
import { MemoryPresence } from '../../src/engine/memory/presence.ts'
import { CachedUserStatus } from '../../src/engine/memory/user-status-cache.ts'
import type * as log from '../../src/engine/message-log.ts'
import { openEngine } from '../../src/engine/open-engine.ts'
import type * as presence from '../../src/engine/presence-store.ts'
import type { ReceiptStore } from '../../src/engine/receipt-store.ts'
import type { UplinkReceiver, Uplinks } from '../../src/engine/uplinks.ts'
import type { UserStatusStore } from '../../src/engine/user-status-store.ts'
import { systemRandom } from '../../src/time/random.ts'
import { systemClock } from '../../src/time/system-clock.ts'
import { type News, ToyLog } from './toy-log.ts'
import { headOf, pageOf, summaryOf, type ToyRoom } from './toy-pages.ts'
import { type ToyReceipts, toyReceipts } from './toy-receipts.ts'

const turn = () => new Promise<void>((resolve) => systemClock.endOfTurn(resolve))
const newId = () => systemRandom.bytes(6).toString('hex')
const epochOf = (news: News) => (news as { message?: { epoch: string | null } }).message?.epoch

/** The data that both nodes see. A feed only grows; each node reads on from its own position. */
class Shared {
  readonly bus = new EventEmitter()
  readonly presence = new MemoryPresence()
  readonly log: ToyLog
  readonly receipts: ToyReceipts
  readonly receivers = new Map<ToyNode, UplinkReceiver>()
  readonly store: Engine
  readonly #feeds = new Map<string, unknown[]>()

  constructor(store: Engine) {
    this.store = store
    this.log = new ToyLog(store.shares, (room, news) => this.tell(`room ${room}`, news))
    this.receipts = toyReceipts(this.log, (room) => this.tell(`receipts ${room}`, room))
  }

  feed<Entry>(name: string): Entry[] {
    const feed = this.#feeds.get(name) ?? []
    this.#feeds.set(name, feed)
    return feed as Entry[]
  }

  tell<Entry>(feed: string, entry: Entry): void {
    this.feed<Entry>(feed).push(entry)
    this.bus.emit('news')
  }
}

/** The position of a node in a feed. */
interface Cursor {
  readonly feed: unknown[]
  at: number
  tell(entry: never): void
}

function tellRest(cursor: Cursor): void {
  while (cursor.at < cursor.feed.length) {
    cursor.at += 1
    cursor.tell(cursor.feed[cursor.at - 1] as never)
  }
}

class ToyNode {
  id = newId()
  isCutOff = false
  isClosed = false
  readonly shared: Shared
  readonly followed = new Map<string, { cursor: Cursor; follower: log.Follower }>()
  readonly watchers = new Set<presence.PresenceWatcher>()
  readonly renewals = new Set<OnRenewed>()
  /** The entries of this node that did not leave. */
  readonly entered = new Map<string, [room: string, entry: presence.PresenceEntry]>()
  readonly underWay = new Set<Promise<unknown>>()
  readonly #cursors = new Set<Cursor>()
  #answers = 0

  constructor(shared: Shared) {
    this.shared = shared
    shared.bus.on('news', () => systemClock.endOfTurn(() => this.#readOn()))
  }

  /** One round to the store; its answer may come before what the nodes hear of it, or after. */
  call<Result>(run: () => Result | Promise<Result>): Promise<Result> {
    if (this.isClosed) return Promise.reject(new EngineUnavailable('The engine is closed.'))
    const done = turn().then(async () => {
      const result = await run()
      this.#answers += 1
      if (this.#answers % 2 === 0) await turn().then(turn)
      return result
    })
    this.underWay.add(done)
    done.catch(() => undefined).finally(() => this.underWay.delete(done))
    return done
  }

  /** A store that both nodes reach, each call a round to it. */
  reach<Store extends object>(store: Store): Store {
    return new Proxy(store, {
      get: (_, name) => {
        const value: unknown = Reflect.get(store, name)
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => this.call(() => value.apply(store, args))
      },
    })
  }

  read<Entry>(name: string, tell: (entry: Entry) => void): { cursor: Cursor; stop: () => void } {
    const feed = this.shared.feed<Entry>(name)
    const cursor: Cursor = { feed, at: feed.length, tell }
    this.#cursors.add(cursor)
    return { cursor, stop: () => void this.#cursors.delete(cursor) }
  }

  follow(room: string, follower: log.Follower): log.Follow {
    const former = this.followed.get(room)
    if (former) this.#cursors.delete(former.cursor)
    const { cursor, stop } = this.read<News>(`room ${room}`, (news) => {
      if ('message' in news) follower.onMessage(news.message)
      else if ('redacted' in news) follower.onRedacted(news.redacted)
      else if ('deleted' in news) follower.onGap(news.deleted)
      else follower.onUserRedacted(news.redactedUser)
    })
    this.followed.set(room, { cursor, follower })
    return { stop }
  }

  /** A node that was cut off loses messages that were not kept; it reads on all the others. */
  reconnect(): void {
    this.isCutOff = false
    for (const { cursor, follower } of this.followed.values()) {
      const epochs = (cursor.feed as News[]).map(epochOf)
      if (!epochs.includes(null, cursor.at)) continue
      const told = epochs.slice(0, cursor.at).filter((epoch) => typeof epoch === 'string')
      cursor.at = cursor.feed.length
      follower.onGap({ epoch: told.at(-1) ?? '', offset: told.length })
    }
    for (const watcher of this.watchers) watcher.onGap()
    this.#readOn()
  }

  async lapse(): Promise<void> {
    const former = this.id
    await this.leaveAll()
    this.id = newId()
    for (const entered of this.entered.values()) await this.shared.presence.enter(...entered)
    for (const onRenewed of this.renewals) onRenewed(former, this.id)
  }

  async leaveAll(): Promise<void> {
    const { presence } = this.shared
    for (const [room, { connection }] of this.entered.values()) presence.leave(room, connection)
  }

  async close(): Promise<void> {
    this.isClosed = true
    await Promise.allSettled(this.underWay)
    await this.leaveAll()
    this.shared.receivers.delete(this)
  }

  #readOn(): void {
    if (!this.isCutOff) for (const cursor of this.#cursors) tellRest(cursor)
  }
}

function presenceOf(node: ToyNode): presence.PresenceStore {
  const { presence } = node.shared
  return {
    list: (room) => presence.list(room),
    enter(room, entry) {
      node.entered.set(`${room} ${entry.connection}`, [room, entry])
      return presence.enter(room, entry)
    },
    leave(room, connection) {
      node.entered.delete(`${room} ${connection}`)
      return presence.leave(room, connection)
    },
    async watch(room, watcher) {
      node.watchers.add(watcher)
      const isHeard = () => node.watchers.has(watcher) && !node.isCutOff
      const later = (tell: () => void) => systemClock.endOfTurn(() => isHeard() && tell())
      await presence.watch(room, {
        onEntered: (entry) => later(() => watcher.onEntered(entry)),
        onLeft: (entry) => later(() => watcher.onLeft(entry)),
        onGap: () => {},
      })
      return { stop: () => void node.watchers.delete(watcher) }
    },
  }
}

function logOf(node: ToyNode): log.MessageLog {
  const { followed } = node
  const { log } = node.shared
  /** Tells the follower first about the messages that are about to be shown. */
  const shown = (room: string): ToyRoom => {
    const told = followed.get(room)
    if (told) tellRest(told.cursor)
    return log.of(room)
  }
  return {
    append: (room, draft, options) => log.append(room, draft, options),
    follow: async (room, follower) => node.follow(room, follower),
    read: async (room, query) => pageOf(shown(room), query),
    head: async (room) => headOf(shown(room)),
    summary: async (room, retention) => summaryOf(shown(room), retention),
    redact: async (room, offset, epoch) => log.redact(room, offset, epoch),
    redactUser: async (user) => log.redactUser(user),
    list: async (query) => log.list(query),
    deleteRoom: async (room) => log.deleteRoom(room),
  }
}

function userStatusOf(node: ToyNode): UserStatusStore {
  const { userStatus } = node.shared.store
  const tell = (user: string) => node.shared.tell('status', user)
  const store: UserStatusStore = {
    of: (user) => userStatus.of(user),
    ban: (user, now) => userStatus.ban(user, now).finally(() => tell(user)),
    unban: (user) => userStatus.unban(user).finally(() => tell(user)),
    revoke: (user, now) => userStatus.revoke(user, now).finally(() => tell(user)),
  }
  const cached = new CachedUserStatus(node.reach(store), [])
  node.read<string>('status', (user) => void cached.changed(user))
  return cached
}

function uplinksOf(node: ToyNode): Uplinks {
  const { receivers } = node.shared
  return {
    send: (id, frame) =>
      node.call(() => {
        const [to, receive] = [...receivers].find(([each]) => each.id === id) ?? []
        if (to?.isCutOff) throw new EngineUnavailable('The node does not answer.')
        return receive?.({ ...frame, payload: Buffer.from(frame.payload) }) ?? false
      }),
    async follow(receive) {
      receivers.set(node, receive)
      return () => {
        if (receivers.get(node) === receive) receivers.delete(node)
      }
    },
  }
}

function engineOf(node: ToyNode): Engine & { toy: ToyNode } {
  const { accounts, sessions, refreshTokens, attempts, tickets, shares } = node.shared.store
  return {
    ...{ toy: node, name: 'toy', durability: 'memory', shares, waiting: 0 },
    otherNodes: 0,
    storage: { bytes: null, free: null },
    get node() {
      return node.id
    },
    accounts: node.reach(accounts),
    sessions: node.reach(sessions),
    refreshTokens: node.reach(refreshTokens),
    attempts: node.reach(attempts),
    tickets: node.reach(tickets),
    userStatus: userStatusOf(node),
    log: node.reach(logOf(node)),
    presence: node.reach(presenceOf(node)),
    receipts: node.reach<ReceiptStore>({
      ...node.shared.receipts,
      watch: async (room, onChanged) => node.read(`receipts ${room}`, onChanged),
    }),
    revocations: {
      revoke: (revocation) => node.call(() => node.shared.tell('revoked', revocation)),
      follow: (onRevoked) => node.read('revoked', onRevoked).stop,
    },
    uplinks: uplinksOf(node),
    onRenewed(onRenewed) {
      node.renewals.add(onRenewed)
      return () => void node.renewals.delete(onRenewed)
    },
    health: () => (node.isClosed ? { ready: false, reason: 'It is closed.' } : { ready: true }),
    close: () => node.close(),
  }
}

/** Two nodes with nothing in them; their store closes with the test. */
export async function openToys(t: Test): Promise<[Engine, Engine]> {
  const store = await openEngine({ kind: 'memory' }, systemClock)
  t.teardown(() => store.close())
  const shared = new Shared(store)
  return [engineOf(new ToyNode(shared)), engineOf(new ToyNode(shared))]
}

export function toyOf(engine: Engine): ToyNode {
  return (engine as ReturnType<typeof engineOf>).toy
}
