// Runs a program of children/ on a disk that records, and loses the power at moments of that run.
// What the program wrote into the file `acks` of its folder was acknowledged by then.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { Dice } from '../../support/dice.ts'
import { makeDisk } from '../../support/disk/disk.ts'
import { PowerLoss } from '../../support/disk/power-loss.ts'
import { type Call, readRecording } from '../../support/disk/recording.ts'
import { startChild } from './child.ts'

/** The file that the process wrote for the test; no part of the store. */
const ACKS = 'acks'

/** Runs a program to its end, and gives the record of its disk. */
export async function recorded(t: Test, program: string): Promise<Call[]> {
  const disk = makeDisk(t.testdir({}), { records: true })
  const names = Object.entries(disk.env).map(([name, value]) => `${name}='${value}'`)
  const shell = `export ${names.join(' ')}; exec "$@"`
  const child = startChild(t, [program, disk.folder], { shell })
  t.equal(await child.line(), null, 'it ends and prints nothing')
  return readRecording(disk.record)
}

/** The faults of the store in a folder, in which exactly this was acknowledged, in whole lines. */
export type Check = (folder: string, acks: string[]) => Promise<string[]>

export interface Loss {
  at: number
  wrongs: string[]
  /** How many lines there were. */
  acknowledged: number
}

/** Loses the power at each of these moments, in their order, from the same run. */
export async function lose(
  t: Test,
  calls: readonly Call[],
  { moments, seed, check }: { moments: readonly number[]; seed: number; check: Check },
): Promise<Loss[]> {
  const home = t.testdir({})
  const power = new PowerLoss()
  const losses: Loss[] = []
  let acks = ''
  let done = 0
  for (const [index, at] of moments.entries()) {
    for (const call of calls.slice(done, at)) {
      if (call.name !== ACKS) power.do(call)
      else if (call.call === 'write') acks += call.data
    }
    done = Math.max(done, at)
    const folder = join(home, String(index))
    const acknowledged = linesOf(acks)
    mkdirSync(folder)
    for (const [name, bytes] of power.files(new Dice(seed, index))) {
      // SQLite makes this again, and trusts nothing in it.
      if (!name.endsWith('-shm')) writeFileSync(join(folder, name), bytes)
    }
    const wrongs = await check(folder, acknowledged).catch((error) => [String(error)])
    losses.push({ at, wrongs, acknowledged: acknowledged.length })
  }
  return losses
}

/** Whole lines: the last may be cut when the process was killed. */
export function linesOf(acks: string): string[] {
  return acks.split('\n').slice(0, -1)
}

/** What was wrong, for a test that expects nothing. */
export function told(losses: readonly Loss[]): string[] {
  const bad = losses.filter(({ wrongs }) => wrongs.length > 0)
  return bad.map(({ at, wrongs }) => `call ${at}: ${wrongs.slice(0, 3).join(', ')}`)
}
