// The options of the command line.
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import type { Scale } from './scenarios/scenario.ts'

export const USAGE = `npm run bench -- [options]
  --short          what CI runs: under two minutes, exit code 1 when a budget is missed by half
  --rounds N       medians of so many (5; short: 1)
  --seconds N      how long each row is measured in each round (3; short: 1)
  --crowd X        multiplies members, rooms and connections (1; short: 0.5)
  --only a,b       scenarios whose name contains one of these words
  --against a,b    besides Usher only these servers; none leaves Usher alone
  --tree PATH      measures Usher of another checkout, too, and compares each row; repeatable
  --load N         load processes (one for each core left to them; at least 2, at most 4)
  --no-pin         leaves the cores to the system`

export interface Options {
  short: boolean
  rounds: number
  scale: Scale
  only: string[]
  against: string[]
  /** Paths of other checkouts. */
  trees: string[]
  /** Goes before the server's command, and before those of the load. */
  pin: { server: string[]; load: string[] }
  loadProcesses: number
}

export function readOptions(canPin: boolean): Options {
  const { values } = parseArgs({
    options: {
      short: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      crowd: { type: 'string' },
      only: { type: 'string', default: '' },
      against: { type: 'string', default: '' },
      load: { type: 'string' },
      tree: { type: 'string', multiple: true, default: [] },
      'no-pin': { type: 'boolean', default: false },
    },
  })
  const { short, only, against } = values
  const cores = availableParallelism()
  const seconds = positive('--seconds', values.seconds ?? (short ? '1' : '3'))
  const crowd = positive('--crowd', values.crowd ?? (short ? '0.5' : '1'))
  return {
    short,
    trees: values.tree,
    rounds: positive('--rounds', values.rounds ?? (short ? '1' : '5')),
    scale: { seconds, warmSeconds: Math.min(1, seconds), crowd },
    only: words(only),
    against: words(against),
    pin: canPin && !values['no-pin'] ? pins(cores) : { server: [], load: [] },
    loadProcesses: positive('--load', values.load ?? String(loadProcessesFor(cores))),
  }
}

function loadProcessesFor(cores: number): number {
  return Math.min(4, Math.max(2, cores - 1))
}

function positive(name: string, text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`${name} is a number above 0, not ${text}.`)
  return value
}

function words(list: string): string[] {
  return list.split(',').filter((word) => word !== '')
}

/** The server has the first core for itself; with one core there is nothing to divide. */
function pins(cores: number): Options['pin'] {
  if (cores < 2) return { server: [], load: [] }
  return { server: ['taskset', '-c', '0'], load: ['taskset', '-c', `1-${cores - 1}`] }
}
