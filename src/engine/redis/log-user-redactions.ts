// Users whose former messages are hidden. Redactions of users are numbered over all rooms; an
// envelope has the last number that its node knew, and where that of the user is higher, the
// message is a tombstone. Every node knows all of them: it hears of each on a channel, and asks
// every second and with every page.
import type { Clock } from '../../time/clock.ts'
import type { Keys } from './keys.ts'
import type { RedisLink } from './link.ts'
import { script } from './scripts.ts'

const HIDE_USER = script('hide-user')
const LOOK_MS = 1_000
/** A redaction of this node is heard on the channel by then, in its order among messages. */
const HEARD_MS = 250

/** What the log asks for each message. */
export interface HiddenUsers {
  /** The last number that this node knows: it is in the envelopes of its messages. */
  readonly last: number
  /** Whether a message of this user is hidden, by the number in its envelope. */
  hides(user: string, number: number): boolean
}

export interface UserRedactionsParts {
  link: RedisLink
  keys: Keys
  clock: Clock
  /** Called once for each redaction; what the user said before MUST be hidden. MUST NOT throw. */
  onRedacted(user: string): void
}

export class UserRedactions implements HiddenUsers {
  readonly #parts: UserRedactionsParts
  readonly #key: string
  readonly #channel: string
  readonly #numbers = new Map<string, number>()
  /** Redactions that this node has asked for. What their users say waits for the answer. */
  readonly #underWay = new Map<string, Promise<unknown>>()
  readonly #waiters = new Set<() => void>()
  #last = 0
  #loading: Promise<void> | null = null
  #stop: () => void = () => {}

  constructor(parts: UserRedactionsParts) {
    this.#parts = parts
    this.#key = keyOf(parts.keys)
    this.#channel = parts.keys.shared('{hidden}:c')
  }

  /** Resolves when all that was redacted is known. */
  async open(): Promise<void> {
    const { link, clock } = this.#parts
    await link.subscribe(this.#channel, (message) => this.#hear(message.toString()))
    await this.#load(false)
    const timer = clock.every(LOOK_MS, () => void this.number().catch(() => {}))
    this.#stop = () => timer.cancel()
  }

  close(): void {
    this.#stop()
  }

  /** Users and numbers that are hidden now. */
  get numbers(): ReadonlyMap<string, number> {
    return this.#numbers
  }

  get last(): number {
    return this.#last
  }

  hides(user: string, number: number): boolean {
    return this.#numbers.size > 0 && number < (this.#numbers.get(user) ?? 0)
  }

  /** Settles when what this user says now comes after its redaction; null where none is asked. */
  underWay(user: string | null): Promise<unknown> | null {
    return user === null ? null : (this.#underWay.get(user) ?? null)
  }

  /** Resolves when what the user said so far is hidden on this node, and in every page. */
  redact(user: string): Promise<void> {
    const done = this.#redact(user)
    const settled = done
      .catch(() => {})
      .then(() => {
        if (this.#underWay.get(user) === settled) this.#underWay.delete(user)
      })
    this.#underWay.set(user, settled)
    return done
  }

  /** The number of the last redaction of all; by then every one up to it is known here. */
  async number(): Promise<number> {
    const { link } = this.#parts
    const number = Number(await link.send(this.#key, ['HGET', this.#key, '']))
    if (number !== this.#last) await this.#load(true)
    return this.#last
  }

  /** The redaction of this number was done: it hides nothing any more. */
  end(user: string, number: number): void {
    if (this.#numbers.get(user) === number) this.#numbers.delete(user)
  }

  async #redact(user: string): Promise<void> {
    const { link, clock } = this.#parts
    const number = Number(await link.run(HIDE_USER, [this.#key, this.#channel], [user]))
    if (this.#last >= number) return
    await new Promise<void>((resolve) => {
      const timer = clock.after(HEARD_MS, resolve)
      const heard = () => {
        if (this.#last < number) return
        timer.cancel()
        this.#waiters.delete(heard)
        resolve()
      }
      this.#waiters.add(heard)
    })
    if (this.#last < number) await this.#load(true)
  }

  #hear(message: string): void {
    const space = message.indexOf(' ')
    const number = Number(message.slice(0, space))
    if (number === this.#last + 1) this.#told(message.slice(space + 1), number)
    else if (number > this.#last) void this.#load(true).catch(() => {})
    for (const waiter of this.#waiters) waiter()
  }

  #told(user: string, number: number): void {
    this.#last = Math.max(this.#last, number)
    this.#numbers.set(user, number)
    this.#parts.onRedacted(user)
  }

  /** Reads all that is hidden; a read that is under way may have begun too early. */
  async #load(isTold: boolean): Promise<void> {
    const former = this.#loading
    const loading = (async () => {
      await former?.catch(() => {})
      await this.#read(isTold)
    })()
    this.#loading = loading
    try {
      await loading
    } finally {
      if (this.#loading === loading) this.#loading = null
    }
  }

  async #read(isTold: boolean): Promise<void> {
    const { last, numbers } = await storedRedactions(this.#parts)
    const known = this.#last
    if (last < known) await this.#restore(last)
    for (const [user, number] of this.#numbers) {
      // One that was heard meanwhile, or that Redis has lost, is not in the answer.
      if (!numbers.has(user) && number <= last) this.#numbers.delete(user)
    }
    for (const [user, number] of [...numbers].sort(([, a], [, b]) => a - b)) {
      if (number <= (this.#numbers.get(user) ?? 0)) continue
      if (isTold && number > known) this.#told(user, number)
      else this.#numbers.set(user, number)
    }
    this.#last = Math.max(this.#last, last)
  }

  /** Redis has lost redactions: they are written again, and no number is given twice. */
  async #restore(last: number): Promise<void> {
    const { link } = this.#parts
    const lost = [...this.#numbers].filter(([, number]) => number > last)
    const fields = lost.flatMap(([user, number]) => [user, String(number)])
    if (fields.length > 0) await link.send(this.#key, ['HSET', this.#key, ...fields])
    const missing = String(this.#last - last)
    await link.send(this.#key, ['HINCRBY', this.#key, '', missing])
  }
}

/** Users and numbers that are hidden now, as Redis has them, and the last number of all. */
export async function storedRedactions({
  link,
  keys,
}: Pick<UserRedactionsParts, 'link' | 'keys'>): Promise<{
  last: number
  numbers: Map<string, number>
}> {
  const key = keyOf(keys)
  const reply = (await link.send(key, ['HGETALL', key])) as Buffer[]
  const numbers = new Map<string, number>()
  for (let at = 0; at < reply.length; at += 2) {
    numbers.set(String(reply[at]), Number(reply[at + 1]))
  }
  const last = numbers.get('') ?? 0
  numbers.delete('')
  return { last, numbers }
}

function keyOf(keys: Keys): string {
  return keys.shared('{hidden}:users')
}
