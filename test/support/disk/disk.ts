// A disk for a process under test: it can refuse to write or to sync, and it can record each call.
// It is a library that the process preloads, so it needs no rights.
import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'

const SOURCE = join(import.meta.dirname, 'disk.c')

/** The names of the calls in disk.c. */
const CALLS = { writes: 1, syncs: 2, hanging: 4 } as const

/** The fault of a disk, by its error name on Linux. */
export const FAULT = {
  full: { calls: CALLS.writes, errno: constants.errno.ENOSPC },
  readOnly: { calls: CALLS.writes, errno: constants.errno.EROFS },
  broken: { calls: CALLS.writes, errno: constants.errno.EIO },
  /** It takes writes, and fails at each sync. */
  unsynced: { calls: CALLS.syncs, errno: constants.errno.EIO },
} as const

export type Fault = keyof typeof FAULT

export interface Disk {
  /** The folder whose files are on it: the process must use this very path. */
  readonly folder: string
  /** The file that the calls are recorded in; `readRecording` reads it. */
  readonly record: string
  /** The environment of the process that uses the disk. */
  readonly env: Readonly<Record<string, string>>
  fail(fault: Fault): void
  /** Lets each sync hang until it is mended. */
  hang(): void
  /** Ends the fault. */
  mend(): void
}

export interface DiskOptions {
  /** Whether it records the calls. */
  records?: boolean
}

/** Makes a disk in `home`, which exists and is an absolute path without links. */
export function makeDisk(home: string, { records = false }: DiskOptions = {}): Disk {
  const folder = join(home, 'data')
  const record = join(home, 'record')
  const library = join(home, 'disk.so')
  const faults = join(home, 'fault')
  mkdirSync(folder)
  execFileSync('gcc', ['-shared', '-fPIC', '-O1', '-o', library, SOURCE])
  writeFileSync(faults, Buffer.alloc(8))
  const env = {
    ...{ LD_PRELOAD: library, DISK_FOLDER: folder, DISK_FAULT: faults },
    ...(records ? { DISK_RECORD: record } : {}),
  }
  const set = (calls: number, errno: number): void => {
    const file = openSync(faults, 'r+')
    // The errno first: a call that sees the fault must find its errno.
    writeSync(file, numberBytes(errno), 0, 4, 4)
    writeSync(file, numberBytes(calls), 0, 4, 0)
    closeSync(file)
  }
  return {
    ...{ folder, record, env },
    fail: (fault) => set(FAULT[fault].calls, FAULT[fault].errno),
    hang: () => set(CALLS.hanging, 0),
    mend: () => set(0, 0),
  }
}

function numberBytes(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return bytes
}
