// Words for what was measured, and whether it is within bounds (DESIGN: what a stranger can take).
import type { Fared } from './innocents.ts'

/** Bounds for each attacking connection, and for the others beside it. */
const MIB_MAX = 8
const FILES_MAX = 2
const P99_MS = 50
const P99_TIMES = 2
const PATIENCE_MS = 5_000

/** What the server took with so many attacking connections. */
export interface Sample {
  connections: number
  mib: number
  files: number
}

export interface Figures {
  samples: readonly Sample[]
  quiet: Fared
  beside: Fared
}

/** By least squares: how much more of it there is for each connection more. */
export function slopeOf(samples: readonly Sample[], what: 'mib' | 'files'): number {
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length
  const x = mean(samples.map(({ connections }) => connections))
  const y = mean(samples.map((sample) => sample[what]))
  const over = samples.map((sample) => (sample.connections - x) * (sample[what] - y))
  const under = samples.map(({ connections }) => (connections - x) ** 2)
  return mean(over) / mean(under)
}

/** `within bounds: …`, or what is not. */
export function costWords(samples: readonly Sample[], others: readonly string[] = []): string {
  const mib = slopeOf(samples, 'mib')
  const files = slopeOf(samples, 'files')
  const wrongs = [
    ...(mib < MIB_MAX ? [] : ['memory']),
    ...(files < FILES_MAX ? [] : ['descriptors']),
    ...others,
  ]
  const each = `${mib.toFixed(2)} MiB and ${files.toFixed(2)} descriptors each`
  return `${wrongs.join(', ') || 'within bounds'}: ${each}`
}

/** The same, and how the others fared; on a busy machine their messages say little. */
export function sceneWords({ samples, quiet, beside }: Figures, timed: boolean): string {
  const slow = timed && beside.p99 >= Math.max(P99_MS, P99_TIMES * quiet.p99)
  const wrongs = [
    ...(slow ? ['messages of others'] : []),
    ...(beside.logIn < PATIENCE_MS ? [] : ['log-in of others']),
    ...(beside.page < PATIENCE_MS ? [] : ['history of others']),
    ...beside.wrongs,
  ]
  const times = `p99 ${quiet.p99.toFixed(0)} then ${beside.p99.toFixed(0)} ms`
  const most = `log-in ${beside.logIn.toFixed(0)} ms, history ${beside.page.toFixed(0)} ms at most`
  return `${costWords(samples, wrongs)}, ${times}, ${most}`
}
