// How busy a load process is: it ran, or it would have run had it not waited for a core. Only both
// together tell that it is at its limit when several share a core, or a neighbour takes it.
import { readFileSync } from 'node:fs'
import { micros } from './clock.ts'

/** Share of one core: a load process this busy may be what limited the figures. */
export const LIMIT_SHARE = 0.9

/** How long a process was busy so far, and when that was read; both in microseconds. */
export interface Busy {
  used: number
  at: number
}

/** The busy time of the main thread, which does all the work here. */
export function busySoFar(): Busy {
  const [ran = 0, waited = 0] = readFileSync('/proc/self/schedstat', 'latin1')
    .split(' ')
    .map(Number)
  const { user, system } = process.cpuUsage()
  // A kernel without scheduler statistics says nothing but zeros there.
  return { used: Math.max((ran + waited) / 1e3, user + system), at: micros() }
}

/** The busy time since `before`, as a share of one core. */
export function busyShare(before: Busy, now = busySoFar()): number {
  return (now.used - before.used) / (now.at - before.at)
}
