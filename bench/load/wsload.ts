// Another load generator, to check ours against: wsload, one epoll thread in C, which reads every
// socket at once. It is no part of this tree; docs/performance.md says how it comes in.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import type { Opening, Pace, Target } from './orders.ts'

/** What it prints, as far as it is used here. */
export interface Report {
  delivered_per_s: number
  /** Deliveries that there should have been, and how many of them never came. */
  expected: number
  missing: number
  closed: number
  p50_ms: number
  p99_ms: number
}

export interface Task {
  target: Target
  /** Whose path and headers all connections have. */
  opening: Opening
  members: number
  publishers: number
  size: number
  /** Null only connects. */
  pace: Pace | null
  seconds: number
}

/** `command` goes before it: what pins it to its cores, or nothing. */
export async function runWsload(
  path: string,
  command: readonly string[],
  task: Task,
): Promise<Report> {
  const [program = '', ...args] = [...command, path, ...argumentsOf(task)]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  if (code !== 0) throw new Error(`${path} ends with ${code}`)
  return JSON.parse(output) as Report
}

function argumentsOf(task: Task): string[] {
  const { target, opening, members, publishers, size, pace, seconds } = task
  const headers = Object.entries(opening.headers).map(([name, value]) => `${name}: ${value}`)
  return [
    ...['-p', String(target.port), '-u', opening.path, ...headers.flatMap((line) => ['-H', line])],
    ...['-n', String(members), '-k', String(publishers), '-s', String(size), '-t', String(seconds)],
    ...paceOf(pace),
  ]
}

function paceOf(pace: Pace | null): string[] {
  if (pace === null) return ['-I']
  return 'window' in pace ? ['-w', String(pace.window)] : ['-r', String(pace.perSecond)]
}
