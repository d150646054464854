// Reads the file of `usher export`, line by line, and refuses one that is not whole.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type ArchiveEntry, EntryRefused } from '../engine/archive.ts'
import {
  type Counts,
  EntryOrder,
  entryIn,
  FORMAT,
  LineRefused,
  noCounts,
  objectIn,
  VERSION,
} from './archive-lines.ts'
import { CommandFailed } from './failure.ts'

/** In bytes: a line that has more is none of Usher's. */
const LINE_MAX = 134_217_728
const NEW_LINE = 10

/** What a file that is whole says of itself. */
export interface Archive {
  keepsEpochs: boolean
  counts: Counts
  /** The digest of all its lines but the last. */
  digest: string
}

/** Reads all of it. @throws CommandFailed with a sentence that names the line, or what is wrong */
export async function checkArchive(file: string): Promise<Archive> {
  const reader = new ArchiveReader(file)
  for await (const _ of reader.entries()) {
    // It is only looked at.
  }
  return reader.archive
}

export class ArchiveReader {
  readonly #file: string
  readonly #hash = createHash('sha256')
  readonly #counts = noCounts()
  readonly #order = new EntryOrder()
  /** The lines of entries that an engine may still refuse. */
  readonly #lines = new WeakMap<ArchiveEntry, number>()
  #line = 0
  #keepsEpochs = false
  #archive: Archive | null = null

  constructor(file: string) {
    this.#file = file
  }

  /** Set when `entries` has come to its end. */
  get archive(): Archive {
    if (this.#archive === null) throw new Error('The archive was not read to its end.')
    return this.#archive
  }

  /** @throws CommandFailed */
  async *entries(): AsyncGenerator<ArchiveEntry> {
    try {
      for await (const bytes of linesOf(this.#file)) {
        this.#line += 1
        const entry = this.#read(bytes)
        if (entry !== null) yield entry
      }
    } catch (error) {
      throw this.told(error)
    }
    if (this.#archive !== null) return
    throw new CommandFailed(
      `${this.#file} was cut off: it has no last line with its counts. Export it again.`,
    )
  }

  /** The same error, or one that says where in the file it is. */
  told(error: unknown): unknown {
    if (error instanceof LineRefused) return this.#refusal(this.#line, error.message)
    if (error instanceof EntryRefused) {
      return this.#refusal(this.#lines.get(error.entry) ?? 0, error.message)
    }
    if (!(error instanceof Error) || !('syscall' in error)) return error
    return new CommandFailed(`${this.#file} cannot be read: ${error.message}.`)
  }

  /** Null for the first line and the last. */
  #read(bytes: Buffer): ArchiveEntry | null {
    if (this.#archive !== null) throw new LineRefused('it comes after the end')
    const object = objectIn(bytes.toString('utf8'))
    if (object.is === 'end') {
      this.#end(object)
      return null
    }
    this.#hash.update(bytes)
    if (this.#line > 1) return this.#entry(object)
    this.#begin(object)
    return null
  }

  #entry(object: Readonly<Record<string, unknown>>): ArchiveEntry {
    const entry = entryIn(object)
    this.#order.take(entry)
    this.#counts[entry.is] += 1
    this.#lines.set(entry, this.#line)
    return entry
  }

  #begin({ format, version, keepsEpochs }: Readonly<Record<string, unknown>>): void {
    if (format !== FORMAT) throw new CommandFailed(`${this.#file} is no file of usher export.`)
    if (version !== VERSION) {
      throw new CommandFailed(
        `${this.#file} has version ${String(version)} of its format, and this Usher reads ` +
          `version ${VERSION}: import it with the Usher that wrote it.`,
      )
    }
    this.#keepsEpochs = keepsEpochs === true
  }

  #end({ counts, sha256 }: Readonly<Record<string, unknown>>): void {
    const digest = this.#hash.digest('hex')
    const isSame = sha256 === digest && JSON.stringify(counts) === JSON.stringify(this.#counts)
    if (!isSame) {
      throw new CommandFailed(
        `${this.#file} was changed or damaged: its digest is another one. Export it again.`,
      )
    }
    this.#archive = { keepsEpochs: this.#keepsEpochs, counts: this.#counts, digest }
  }

  #refusal(line: number, sentence: string): CommandFailed {
    return new CommandFailed(`${this.#file}, line ${line}: ${sentence}.`)
  }
}

/** Each with its line end. @throws LineRefused for a last one without */
async function* linesOf(file: string): AsyncGenerator<Buffer> {
  let rest: Buffer[] = []
  let length = 0
  for await (const chunk of createReadStream(file, { highWaterMark: 1_048_576 })) {
    let from = 0
    for (let end = chunk.indexOf(NEW_LINE); end >= 0; end = chunk.indexOf(NEW_LINE, from)) {
      rest.push(chunk.subarray(from, end + 1))
      yield rest.length === 1 ? (rest[0] as Buffer) : Buffer.concat(rest)
      rest = []
      length = 0
      from = end + 1
    }
    if (from === chunk.length) continue
    rest.push(chunk.subarray(from))
    length += chunk.length - from
    if (length > LINE_MAX) throw new CommandFailed(`${file} is no file of usher export.`)
  }
  // What follows the last line end was cut off, and `entries` says so.
}
