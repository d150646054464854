// Lines of the log on standard output: gathered, so that many are one write, and bounded in memory.
// A reader that is slow, has stopped or is gone costs lines, which are counted, and neither stops
// the server nor keeps the process alive (S51).
import { write, writeSync } from 'node:fs'
import type { Clock } from '../../src/time/clock.ts'

const STDOUT = 1
/** At a thousand connections a second a write for each line is felt. */
const GATHERED_CHARACTERS = 8_192
const GATHERED_MS = 100
const WAITING_CHARACTERS_MAX = 1_048_576
/** At the exit a reader that is slow has this many chances, some milliseconds apart. */
const LAST_TRIES = 20
const LAST_TRY_MS = 10
const WARN = 40

type Failure = NodeJS.ErrnoException | null

export class LineOutput {
  /** Called with a number of lines that were left out. */
  onLeftOut: (lines: number) => void = () => {}
  readonly #clock: Clock
  #lines: string[] = []
  #characters = 0
  /** What is being written, or waits for a reader that is slow; null when nothing is. */
  #writing: Buffer | null = null
  #linesWriting = 0
  #isWaiting = false
  #isTimed = false
  #leftOut = 0

  constructor(clock: Clock) {
    this.#clock = clock
    // Makes a pipe refuse what it cannot take: a thread would wait in the write for its reader.
    void process.stdout.writable
    process.once('exit', () => this.flushSync())
  }

  /** Takes one line with its line end. */
  write(line: string): void {
    const waiting = this.#characters + (this.#writing?.length ?? 0)
    if (waiting + line.length > WAITING_CHARACTERS_MAX) return this.#leaveOut(1)
    this.#lines.push(line)
    this.#characters += line.length
    if (this.#characters >= GATHERED_CHARACTERS) this.#flush()
    else this.#flushLater()
  }

  /** Writes what the reader takes within a moment, for the end of the process. */
  flushSync(): void {
    // A write under way is not done again: it may have taken effect.
    const rest = this.#isWaiting ? (this.#writing ?? '') : ''
    this.#isWaiting = false
    this.#writing = null
    writeLast(Buffer.concat([Buffer.from(rest), Buffer.from(this.#take())]))
  }

  #flushLater(): void {
    if (this.#isTimed) return
    this.#isTimed = true
    this.#clock.after(GATHERED_MS, () => {
      this.#isTimed = false
      this.#flush()
    })
  }

  #flush(): void {
    if (this.#writing !== null || this.#characters === 0) return
    this.#linesWriting = this.#lines.length
    this.#put(Buffer.from(this.#take()))
  }

  /** All lines that wait, with one before them that says how many were left out. */
  #take(): string {
    const lines = this.#lines.join('')
    this.#lines = []
    this.#characters = 0
    if (this.#leftOut === 0) return lines
    const msg = 'lines of the log were left out: its reader was slow or away'
    const notice = { level: WARN, time: this.#clock.now(), unwritten: this.#leftOut, msg }
    this.#leftOut = 0
    return `${JSON.stringify(notice)}\n${lines}`
  }

  #put(bytes: Buffer): void {
    this.#writing = bytes
    this.#isWaiting = false
    write(STDOUT, bytes, (error, written) => this.#wrote(error, bytes.subarray(written)))
  }

  #wrote(error: Failure, rest: Buffer): void {
    if (this.#writing === null) return
    if (error !== null && isFull(error)) return this.#putLater(rest)
    if (error === null && rest.length > 0) return this.#put(rest)
    this.#writing = null
    // The reader is gone, the disk is full: the next lines try again, in case that it is mended.
    if (error !== null) this.#leaveOut(this.#linesWriting)
    if (this.#characters > 0) this.#flushLater()
  }

  #putLater(bytes: Buffer): void {
    this.#writing = bytes
    this.#isWaiting = true
    this.#clock.after(GATHERED_MS, () => {
      if (this.#isWaiting) this.#put(bytes)
    })
  }

  #leaveOut(lines: number): void {
    this.#leftOut += lines
    this.onLeftOut(lines)
  }
}

/** Whether a reader is there and has not read what it was given before. */
function isFull({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EAGAIN' || code === 'EBUSY'
}

function writeLast(bytes: Buffer): void {
  let rest = bytes
  for (let tries = 0; tries < LAST_TRIES && rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(STDOUT, rest))
    } catch (error) {
      if (!isFull(error as NodeJS.ErrnoException)) return
      tries += 1
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LAST_TRY_MS)
    }
  }
}
