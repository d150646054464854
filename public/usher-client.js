// Rooms with receipts, and what was typed while away: over an instance of the `centrifuge` SDK. The
// package exports it as `fastify-usher/client`; docs/clients.md has it as a pattern for others.

const [BATCH_MS, AGAIN_MS] = [200, 5_000]
const [MOVES_MAX, RETRY_MS_MAX] = [256, 30_000]
// The server knows a key for 24 hours: a message first tried before that might be said twice.
const KEY_IS_KNOWN_MS = 23 * 3_600_000
const NOT_AVAILABLE = 108
const TOO_LATE = 'This may have been sent long ago: look before you send it again.'

const CLOCK = { now: () => Date.now(), after: (ms, run) => void setTimeout(run, ms) }

/** SDKs number their own errors below 100: the connection was lost, or the answer. */
const isPassing = ({ code, temporary }) => !(code > 100) || temporary === true

/** All rooms of one connection. The types and what they mean are in usher-client.d.ts. */
export class UsherClient {
  #sdk
  #options
  #rooms = new Map()
  #waiting = new Map()
  #sending = new Set()
  #moves = new Map()
  #asked = new Set()
  #off = new Set()
  #isFlushing = false
  #failures = 0

  constructor(sdk, options) {
    this.#sdk = sdk
    this.#options = { clock: CLOCK, store: null, keyOf: (data) => data?.key, ...options }
    sdk.on('connected', () => {
      this.#off.clear()
      this.#sendAll()
      this.#flushSoon()
    })
    sdk.on('publication', ({ channel, data }) => {
      if (channel !== `user:${options.user}` || data?.type !== 'receipt') return
      this.#rooms.get(data.room)?.moved(data)
      options.onReceipt?.(data)
    })
  }

  async load() {
    const kept = (await this.#options.store?.all()) ?? []
    for (const entry of kept.sort((one, other) => one.at - other.at))
      if (!this.#waiting.has(entry.key)) this.#waiting.set(entry.key, entry)
    this.#sendAll()
    return [...this.#waiting.values()]
  }

  join(name, handlers, options = {}) {
    const room = new Room(this.#sdk, name, options, {
      ...this.#options,
      handlers,
      move: (kind, offset) => this.#move(name, kind, offset),
      heard: (key, offset) => this.#settle(key, { offset }),
      isMoving: () => this.#sending.has(name) || this.#asked.has(name),
    })
    this.#rooms.set(name, room)
    this.#sdk.startBatching()
    for (const each of room.subscriptions) each.subscribe()
    this.#sdk.stopBatching()
    return room
  }

  close(name) {
    for (const each of this.#rooms.get(name)?.subscriptions ?? [])
      this.#sdk.removeSubscription(each)
    this.#rooms.delete(name)
  }

  async leave(name) {
    this.close(name)
    await this.#sdk.rpc('leave', { room: name })
  }

  send(room, data, key = crypto.randomUUID()) {
    const at = this.#options.clock.now()
    const entry = { key, room, data, at, triedAt: null, state: 'sending' }
    this.#waiting.set(key, entry)
    this.#options.store?.put({ ...entry })
    this.#sendNext(room)
    return entry
  }

  discard(key) {
    this.#waiting.delete(key)
    this.#options.store?.delete(key)
  }

  #sendAll() {
    for (const { room } of this.#waiting.values()) this.#sendNext(room)
  }

  /** One message of a room at a time, so that what was typed first is said first. */
  async #sendNext(room) {
    const mine = [...this.#waiting.values()].filter((entry) => entry.room === room)
    const entry = mine.find(({ state }) => state === 'sending')
    if (!entry || this.#sending.has(room) || this.#sdk.state !== 'connected') return
    this.#sending.add(room)
    const waitMs = await this.#try(entry)
    this.#sending.delete(room)
    if (waitMs === 0) this.#sendNext(room)
    else this.#options.clock.after(waitMs, () => this.#sendNext(room))
  }

  /** Resolves with the ms to wait before the next. */
  async #try(entry) {
    const { key, room, data } = entry
    const now = this.#options.clock.now()
    entry.triedAt ??= now
    try {
      if (now - entry.triedAt > KEY_IS_KNOWN_MS) throw { code: NOT_AVAILABLE, message: TOO_LATE }
      await this.#options.store?.put({ ...entry })
      this.#settle(key, (await this.#sdk.rpc('publish', { room, data, key })).data)
      this.#failures = 0
    } catch (error) {
      if (isPassing(error)) return Math.min(500 * 2 ** ++this.#failures, RETRY_MS_MAX)
      if (!this.#waiting.has(key)) return 0
      Object.assign(entry, { state: 'failed', error: error.message })
      this.#options.store?.put({ ...entry })
      this.#rooms.get(room)?.handlers.onOwn?.(entry)
    }
    return 0
  }

  /** The room has it, by the answer or because it was heard before that. */
  #settle(key, { offset, time = this.#options.clock.now() }) {
    const entry = this.#waiting.get(key)
    if (!entry) return
    this.discard(key)
    Object.assign(entry, { state: 'sent', offset, time })
    this.#rooms.get(entry.room)?.handlers.onOwn?.(entry)
  }

  /** Many messages make one move of their room, and many rooms one call. */
  #move(room, kind, offset) {
    if (this.#off.has(room)) return
    const move = this.#moves.get(room) ?? { room }
    this.#moves.set(room, { ...move, [kind]: Math.max(move[kind] ?? 0, offset) })
    this.#flushSoon(offset === 0 ? 0 : BATCH_MS)
  }

  #flushSoon(waitMs = BATCH_MS) {
    if (this.#isFlushing || this.#moves.size === 0 || this.#sdk.state !== 'connected') return
    this.#isFlushing = true
    this.#options.clock.after(waitMs, async () => {
      const isDone = await this.#flush([...this.#moves.values()].slice(0, MOVES_MAX))
      this.#isFlushing = false
      this.#flushSoon(isDone ? BATCH_MS : AGAIN_MS)
    })
  }

  async #flush(moves) {
    this.#asked = new Set(moves.map(({ room }) => room))
    for (const room of this.#asked) this.#moves.delete(room)
    const asking = this.#sdk.rpc('receipt', { moves })
    const answers = await asking.then(({ data }) => data.moves).catch((error) => error)
    this.#asked = new Set()
    const refused = moves.filter(({ room }, index) => {
      const answer = (Array.isArray(answers) ? answers[index] : answers) ?? {}
      if (answer.code === NOT_AVAILABLE) this.#off.add(room)
      if (answer.delivered !== undefined) this.#rooms.get(room)?.moved(answer)
      return answer.delivered === undefined && isPassing(answer)
    })
    for (const { room, ...move } of refused)
      for (const [kind, offset] of Object.entries(move)) this.#move(room, kind, offset)
    return refused.length === 0
  }
}

/** One room: what is heard in it, and how far the others are. */
class Room {
  #parts
  #handled = Promise.resolve()
  #redactions = null
  #marks = null
  #mine = { delivered: null, read: null }

  constructor(sdk, name, options, parts) {
    this.#parts = parts
    this.handlers = parts.handlers
    this.subscription = sdk.newSubscription(name, { recoverable: true, ...options })
    this.subscription.on('subscribed', (joined) => this.#joined(joined))
    this.subscription.on('publication', (heard) => this.#heard(heard))
    const companion = sdk.newSubscription(`${name}$receipts`)
    companion.on('subscribed', (said) => this.#told(said))
    companion.on('publication', (said) => this.#told(said))
    this.subscriptions = [this.subscription, companion]
  }

  markRead(offset) {
    this.#parts.move('read', offset)
  }

  stateOf(offset) {
    // Two joined before it: its sender, and one more.
    if (!this.#marks || !(offset > this.#marks.joined[1])) return 'sent'
    if (offset <= this.#others('read')) return 'read'
    return offset <= this.#others('delivered') ? 'delivered' : 'sent'
  }

  /** Where one's own value is the smallest, the second counts; not while that value may move. */
  #others(kind) {
    const [least = 0, second = 0] = this.#marks[kind]
    return least === this.#mine[kind] && !this.#parts.isMoving() ? second : least
  }

  #joined({ recovered, streamPosition = null, data }) {
    this.#parts.move('delivered', 0)
    const { redactions = null } = data ?? {}
    if (recovered && redactions === this.#redactions) return
    this.#redactions = null
    this.#run(streamPosition?.offset, 'onLoad', streamPosition, () => {
      this.#redactions = redactions
    })
  }

  #heard({ data, info, offset, tags }) {
    if (tags?.redacted && !offset) this.#redactions += 1
    if (tags?.redacted) return this.#run(offset, 'onRedacted', Number(tags.redacted))
    const isOwn = info?.user === this.#parts.user
    if (isOwn) this.#parts.heard(this.#parts.keyOf(data), offset)
    const name = info?.connInfo?.name
    this.#run(offset, 'onMessage', { offset, data, isOwn, user: info?.user, name })
  }

  /** One after the other. What the application has taken is delivered. */
  #run(offset, handler, value, done) {
    const run = async () => {
      await this.handlers[handler]?.(value)
      if (offset) this.#parts.move('delivered', offset)
      done?.()
    }
    const fail = (error) => this.subscription.emit('error', { type: 'handler', error })
    this.#handled = this.#handled.then(run).catch(fail)
  }

  #told({ data }) {
    this.#marks = data?.joined ? data : null
    this.handlers.onMarks?.()
  }

  moved({ delivered, read }) {
    this.#mine = { delivered, read }
    this.handlers.onMarks?.()
  }
}
