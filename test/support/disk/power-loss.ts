// A disk that follows a recording call by call, and can tell at any moment which files could be
// there after a loss of power: all that was synced, and a random part of the rest.
import type { Call } from './recording.ts'

/** The unit that a disk writes in one piece. */
const SECTOR_BYTES = 512

/** The source of random numbers; `Dice` of test/support/dice.ts is one. */
export interface Random {
  below(end: number): number
  once(times: number): boolean
}

type Change = Extract<Call, { call: 'write' | 'truncate' }>
type Naming =
  | { call: 'create'; name: string; file: File }
  | Extract<Call, { call: 'unlink' | 'rename' }>

/** A change of a name: names come and go, files keep their content. */
interface File {
  /** The bytes that are safe. */
  bytes: Buffer
  length: number
  /** Changes since its last sync. */
  changes: Change[]
}

export class PowerLoss {
  /** The files as the process sees them. */
  readonly #names = new Map<string, File>()
  /** The names at the last sync of the folder, and the changes since. */
  readonly #safeNames = new Map<string, File>()
  #namings: Naming[] = []

  /** Applies one call of the process. */
  do(call: Call): void {
    switch (call.call) {
      case 'write':
      case 'truncate':
        this.#fileOf(call.name).changes.push(call)
        return
      case 'sync':
        return this.#sync(call.name)
      default:
        this.#namings.push(call)
        rename(this.#names, call)
    }
  }

  /** The files that could be there if the power went now. */
  files(random: Random): Map<string, Buffer> {
    const names = new Map(this.#safeNames)
    const happened = random.below(this.#namings.length + 1)
    for (const naming of this.#namings.slice(0, happened)) rename(names, naming)
    return new Map([...names].map(([name, file]) => [name, remains(file, random)]))
  }

  #fileOf(name: string): File {
    const known = this.#names.get(name)
    if (known !== undefined) return known
    const file: File = { bytes: Buffer.alloc(0), length: 0, changes: [] }
    const naming = { call: 'create', name, file } as const
    this.#namings.push(naming)
    rename(this.#names, naming)
    return file
  }

  #sync(name: string): void {
    if (name === '.') {
      for (const naming of this.#namings) rename(this.#safeNames, naming)
      this.#namings = []
      return
    }
    const file = this.#fileOf(name)
    for (const change of file.changes) apply(file, change)
    file.changes = []
  }
}

function rename(names: Map<string, File>, naming: Naming): void {
  const file = naming.call === 'create' ? naming.file : names.get(naming.name)
  names.delete(naming.name)
  if (file === undefined || naming.call === 'unlink') return
  names.set(naming.call === 'create' ? naming.name : naming.to, file)
}

function apply(file: File, change: Change): void {
  if (change.call === 'truncate') {
    if (change.length < file.length) file.bytes.fill(0, change.length, file.length)
    grow(file, change.length)
    file.length = change.length
    return
  }
  const end = change.offset + change.data.length
  grow(file, end)
  file.bytes.set(change.data, change.offset)
  file.length = Math.max(file.length, end)
}

function grow(file: File, length: number): void {
  if (length <= file.bytes.length) return
  const bytes = Buffer.alloc(Math.max(length, file.bytes.length * 2))
  file.bytes.copy(bytes, 0, 0, file.length)
  file.bytes = bytes
}

/** Of the changes that are not safe: all, none, the first ones, or any, in whole or torn. */
function remains({ bytes, length, changes }: File, random: Random): Buffer {
  const file: File = { bytes: Buffer.from(bytes.subarray(0, length)), length, changes: [] }
  const way = random.below(4)
  const first = way === 2 ? random.below(changes.length + 1) : changes.length
  for (const change of changes.slice(0, first)) {
    if (way === 1 || (way === 3 && random.once(2))) continue
    const isTorn = change.call === 'write' && way === 3 && random.once(3)
    apply(file, isTorn ? torn(change, random) : change)
  }
  return file.bytes.subarray(0, file.length)
}

/** Some sectors of a write, from one of its ends. */
function torn(change: Extract<Change, { call: 'write' }>, random: Random): Change {
  const { offset, data } = change
  const sectors =
    Math.ceil((offset + data.length) / SECTOR_BYTES) - Math.floor(offset / SECTOR_BYTES)
  const bound = (Math.floor(offset / SECTOR_BYTES) + random.below(sectors + 1)) * SECTOR_BYTES
  const cut = Math.min(Math.max(bound - offset, 0), data.length)
  if (random.once(2)) return { ...change, data: data.subarray(0, cut) }
  return { ...change, offset: offset + cut, data: data.subarray(cut) }
}
