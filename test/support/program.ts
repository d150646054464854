// Programs as people start them, such as `npm start`: a group of processes, ended as one.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { until } from './until.ts'

interface Teardown {
  teardown(run: () => unknown): unknown
}

export interface Program {
  command: readonly string[]
  cwd: string
  /** All that it gets of an environment. */
  env: Record<string, string>
}

export interface Started {
  /** Resolves with the match in what it prints; rejects when it ends without. */
  shows(pattern: RegExp): Promise<RegExpExecArray>
  /** Types a line. */
  say(line: string): void
  /** Sends the signal to all of it. Resolves with the exit code; null when a signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>
  readonly ended: Promise<number | null>
}

/** Tap would load itself into each of them, and handle their signals. */
const WITHOUT_TAP = 'unset NODE_OPTIONS NODE_V8_COVERAGE; exec "$@"'

export function startGroup(t: Teardown, { command, cwd, env }: Program): Started {
  const options = { cwd, env, detached: true, stdio: 'pipe' } as const
  const child = spawn('sh', ['-c', WITHOUT_TAP, 'sh', ...command], options)
  let text = ''
  let isOver = false
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      text += chunk
    })
  }
  const ended = once(child, 'close').then(([code]) => {
    isOver = true
    return code as number | null
  })
  const end = (signal: NodeJS.Signals) => {
    if (!isOver && child.pid !== undefined) process.kill(-child.pid, signal)
    return ended
  }
  t.teardown(() => end('SIGKILL'))
  // Also where the test runner gives up, and no teardown runs.
  process.once('exit', () => void end('SIGKILL'))
  const shows = async (pattern: RegExp): Promise<RegExpExecArray> => {
    await until(() => pattern.test(text) || isOver)
    const match = pattern.exec(text)
    if (match) return match
    throw new Error(`${command.join(' ')} ends without ${pattern}: ${text}`)
  }
  return { shows, say: (line) => child.stdin.write(`${line}\n`), end, ended }
}
