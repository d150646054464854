// What the nodes tell each other of what their users and addresses hold. Each tells its changes
// once a second on one channel, very many nodes less often, and nothing is stored: a node of which
// nothing was heard for some such times is over, and so is what it held. It tells only of those
// that hold a part of what they may have; a hole in what was told is mended by all of it.
import type { Clock } from '../../time/clock.ts'
import type { Random } from '../../time/random.ts'
import type { HeldBound, HeldName } from '../bounds.ts'
import type { OtherNodes, OtherNodesOf } from '../memory/held-counts.ts'
import type { Allowance } from '../portions.ts'
import type { Keys } from './keys.ts'
import type { RedisLink } from './link.ts'

const TELL_MS = 1_000
/**
 * Each message goes to each node, so that their number grows with the square of the nodes. Redis
 * spends a tenth of a core on so many a second, and nodes that would send more tell less often.
 */
const HEARD_MAX = 20_000
/** Some lost messages are no death; what a dead node held is refused to its users that long. */
const SILENT_TIMES = 6
/**
 * Who holds less than this part of a cap on a node is not told of, since nearly all of a node's
 * users do: with every further node one may have that much more.
 */
const TOLD_FROM = 1 / 16
/** Some 250 KB of text: a few milliseconds of who reads it. */
const ENTRIES_MAX = 10_000

/** By table: keys and how many each holds, in turn. */
type Entries = Record<string, (string | number)[]>

interface Telling {
  readonly node: string
  /** One more with each. */
  readonly number: number
  /** Whether it begins all that the node holds: what it told before is void. */
  readonly isWhole: boolean
  readonly held: Entries
  /** After how many milliseconds it tells again. */
  readonly everyMs: number
}

/** Asks that node, or every one, for all that it holds. */
interface Asking {
  readonly whole: string
}

/** What one other node told. */
interface Told {
  readonly held: ReadonlyMap<string, Map<string, number>>
  number: number
  /** From then on, by `elapsed()`, it is over. */
  until: number
}

export interface HeldOverNodesParts {
  readonly link: RedisLink
  readonly keys: Keys
  readonly clock: Clock
  readonly random: Random
  /** Of tellings, by all nodes together; for tests. */
  readonly heardMax?: number
}

export class HeldOverNodes {
  readonly #link: RedisLink
  readonly #clock: Clock
  readonly #channel: string
  /** Of this process alone: the id of its lease may change while it goes on to hold the same. */
  readonly #node: string
  readonly #heardMax: number
  readonly #tables = new Map<string, Table>()
  readonly #others = new Map<string, Told>()
  #number = 0
  #mustTellAll = true
  /** When this node tells next, by `elapsed()`. */
  #tellAt = 0
  /** When this node may ask all the others again. */
  #askAt = 0
  /** How many nodes heard it last, this one among them. */
  #hearers = 1
  #stop: () => void = () => {}

  constructor({ link, keys, clock, random, heardMax = HEARD_MAX }: HeldOverNodesParts) {
    this.#link = link
    this.#clock = clock
    this.#heardMax = heardMax
    this.#channel = keys.shared('held')
    this.#node = random.bytes(8).toString('hex')
  }

  /** How many nodes were heard of lately, besides this one. */
  get nodes(): number {
    return this.#others.size
  }

  /** MUST be called for each bound that is shared, before `open`. */
  othersOf(bound: HeldName, { user, address }: HeldBound): OtherNodesOf {
    return {
      users: this.#table(`${bound} user`, user),
      addresses: this.#table(`${bound} address`, address),
    }
  }

  async open(): Promise<void> {
    await this.#link.subscribe(this.#channel, (message) => this.#hear(message))
    const timer = this.#clock.every(TELL_MS, () => this.#tick())
    this.#stop = () => timer.cancel()
  }

  /** The others know at once that this node holds nothing any more. */
  close(): void {
    this.#stop()
    this.#link.unsubscribe(this.#channel)
    if (this.#number > 0 && this.#link.away === null) this.#tell(true, {})
  }

  #table(name: string, allowance: Allowance | null): OtherNodes | null {
    const most = allowance?.count?.most ?? null
    if (most === null) return null
    const table = new Table(name, Math.max(1, Math.ceil(most * TOLD_FROM)), this.#others)
    this.#tables.set(name, table)
    return table
  }

  #tick(): void {
    const now = this.#clock.elapsed()
    for (const [node, { until }] of this.#others) if (now > until) this.#others.delete(node)
    if (this.#link.away !== null) this.#mustTellAll = true
    else if (now >= this.#tellAt) {
      this.#tellAt = now + this.#everyMs
      this.#tellChanges()
    }
  }

  get #everyMs(): number {
    const heard = (this.nodes + 1) * this.#hearers
    return Math.ceil(heard / this.#heardMax) * TELL_MS
  }

  #tellChanges(): void {
    const isWhole = this.#mustTellAll
    const tables = [...this.#tables.values()]
    if (isWhole) for (const table of tables) table.changeAll()
    const isQuiet = tables.every(({ isSilent }) => isSilent)
    // What comes after a silence must be whole: the others have forgotten this node by then.
    this.#mustTellAll = isQuiet
    if (isQuiet) return
    let entries = takeEntries(tables)
    this.#tell(isWhole, entries.held)
    while (entries.isMore) {
      entries = takeEntries(tables)
      this.#tell(false, entries.held)
    }
  }

  #tell(isWhole: boolean, held: Entries): void {
    this.#number += 1
    const everyMs = this.#everyMs
    this.#send({ node: this.#node, number: this.#number, isWhole, held, everyMs })
  }

  #send(message: Telling | Asking): void {
    const command = ['SPUBLISH', this.#channel, JSON.stringify(message)] as const
    this.#link.send(this.#channel, command).then(
      (hearers) => {
        this.#hearers = Math.max(1, Number(hearers))
      },
      () => {
        this.#mustTellAll = true
      },
    )
  }

  #hear(message: Buffer): void {
    const said = parse(message)
    if (said === null) return
    if ('whole' in said) {
      if (said.whole === this.#node || said.whole === ALL) this.#mustTellAll = true
    } else if (said.node !== this.#node) {
      this.#note(said)
    }
  }

  #askAll(): void {
    const now = this.#clock.elapsed()
    if (now < this.#askAt) return
    this.#askAt = now + this.#everyMs
    this.#send({ whole: ALL })
  }

  #note({ node, number, isWhole, held, everyMs }: Telling): void {
    let told = this.#others.get(node)
    if (!isWhole && told === undefined) this.#askAll()
    else if (!isWhole && told?.number !== number - 1) this.#send({ whole: node })
    if (told === undefined || isWhole) {
      const names = [...this.#tables.keys()]
      told = { held: new Map(names.map((name) => [name, new Map()])), number, until: 0 }
      this.#others.set(node, told)
    }
    told.number = number
    told.until = this.#clock.elapsed() + SILENT_TIMES * everyMs
    for (const [name, entries] of Object.entries(held)) {
      const counts = told.held.get(name)
      for (let at = 0; counts && at < entries.length; at += 2) {
        const [key, count] = [entries[at] as string, entries[at + 1] as number]
        if (count === 0) counts.delete(key)
        else counts.set(key, count)
      }
    }
  }
}

/** A node that asked each of very many others would send each of them as many messages. */
const ALL = '*'

/** Null for what no node says. */
function parse(message: Buffer): Telling | Asking | null {
  try {
    return JSON.parse(message.toString())
  } catch {
    return null
  }
}

/** The users, or the addresses, of one bound. */
class Table implements OtherNodes {
  readonly name: string
  readonly #least: number
  readonly #others: ReadonlyMap<string, Told>
  /** What this node holds for those of whom it tells. */
  readonly #own = new Map<string, number>()
  readonly #changed = new Set<string>()

  constructor(name: string, least: number, others: ReadonlyMap<string, Told>) {
    this.name = name
    this.#least = least
    this.#others = others
  }

  /** Whether there is nothing to tell, and nothing that was told holds. */
  get isSilent(): boolean {
    return this.#own.size === 0 && this.#changed.size === 0
  }

  get hasChanged(): boolean {
    return this.#changed.size > 0
  }

  held(key: string): number {
    let sum = 0
    for (const { held } of this.#others.values()) sum += held.get(this.name)?.get(key) ?? 0
    return sum
  }

  changed(key: string, count: number): void {
    if (count >= this.#least) this.#own.set(key, count)
    else if (!this.#own.delete(key)) return
    this.#changed.add(key)
  }

  changeAll(): void {
    this.#changed.clear()
    for (const key of this.#own.keys()) this.#changed.add(key)
  }

  /** At most `most` changes that were not told yet. */
  take(most: number): (string | number)[] {
    const entries: (string | number)[] = []
    for (const key of this.#changed) {
      if (entries.length >= most * 2) break
      this.#changed.delete(key)
      entries.push(key, this.#own.get(key) ?? 0)
    }
    return entries
  }
}

function takeEntries(tables: readonly Table[]): { held: Entries; isMore: boolean } {
  const held: Entries = {}
  let left = ENTRIES_MAX
  for (const table of tables) {
    const entries = table.take(left)
    if (entries.length > 0) held[table.name] = entries
    left -= entries.length / 2
  }
  return { held, isMore: tables.some(({ hasChanged }) => hasChanged) }
}
