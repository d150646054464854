// Writes the file of `usher export`: under another name until it is whole and on the disk.
import { createHash } from 'node:crypto'
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { ArchiveEntry } from '../engine/archive.ts'
import {
  type Counts,
  type End,
  FORMAT,
  type Head,
  lineOf,
  noCounts,
  VERSION,
} from './archive-lines.ts'
import { CommandFailed } from './failure.ts'

/** Bytes that are written at once. */
const PORTION = 1_048_576

export interface Written {
  counts: Counts
  bytes: number
}

/**
 * Resolves when the file is on the disk, readable by its owner alone.
 * @throws CommandFailed with a sentence where it cannot be written; no file is left then
 */
export async function writeArchive(
  file: string,
  { keepsEpochs }: Pick<Head, 'keepsEpochs'>,
  entries: AsyncIterable<ArchiveEntry> | Iterable<ArchiveEntry>,
): Promise<Written> {
  const path = resolve(file)
  claim(path)
  const draft = `${path}.part`
  try {
    rmSync(draft, { force: true })
    const lines = new Lines(openSync(draft, 'wx', 0o600))
    try {
      lines.add(JSON.stringify({ format: FORMAT, version: VERSION, keepsEpochs } satisfies Head))
      const counts = noCounts()
      for await (const entry of entries) {
        counts[entry.is] += 1
        lines.add(lineOf(entry))
      }
      const bytes = lines.end(counts)
      renameSync(draft, path)
      syncFolder(dirname(path))
      return { counts, bytes }
    } finally {
      lines.close()
    }
  } catch (error) {
    for (const each of [draft, path]) rmSync(each, { force: true })
    throw isOfFiles(error) ? notWritten(path, error) : error
  }
}

/** Makes the file, empty, so that no other process writes there meanwhile. */
function claim(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw notWritten(path, error)
    throw new CommandFailed(`${path} is there already. Name another file, or remove that one.`)
  }
}

class Lines {
  readonly #handle: number
  readonly #hash = createHash('sha256')
  #waiting = ''
  #bytes = 0

  constructor(handle: number) {
    this.#handle = handle
  }

  add(line: string): void {
    this.#waiting += `${line}\n`
    if (this.#waiting.length >= PORTION) this.#write()
  }

  /** Gives the size of the file in bytes. */
  end(counts: Counts): number {
    this.#write()
    const sha256 = this.#hash.copy().digest('hex')
    this.add(JSON.stringify({ is: 'end', counts, sha256 } satisfies End))
    this.#write()
    fsyncSync(this.#handle)
    return this.#bytes
  }

  close(): void {
    closeSync(this.#handle)
  }

  #write(): void {
    const bytes = Buffer.from(this.#waiting)
    this.#waiting = ''
    this.#hash.update(bytes)
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#handle, bytes, at)
    this.#bytes += bytes.length
  }
}

/** Only then does the new name survive a loss of power. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  fsyncSync(handle)
  closeSync(handle)
}

function isOfFiles(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}

function notWritten(path: string, error: unknown): CommandFailed {
  return new CommandFailed(
    `${path} cannot be written: ${(error as Error).message}. Check that its folder is there, ` +
      'that this user may write in it, and that the disk has room.',
  )
}
