// Runs commands within a bound of time, which holds for all that they start too. Others may run
// meanwhile.
import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Throws an Error with the command's output when it fails or takes too long. */
export type Run = (command: string, args: readonly string[], cwd?: string) => Promise<void>

/** Runs commands, all of them within so many seconds from now. */
export function within(seconds: number): Run {
  const late = AbortSignal.timeout(seconds * 1_000)
  return (command, args, cwd = '.') => run([command, ...args], cwd, late)
}

async function run(line: readonly string[], cwd: string, late: AbortSignal): Promise<void> {
  const [command = '', ...args] = line
  // A group of its own, which is ended as a whole.
  const child = spawn(command, args, { cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      printed += text
    })
  }
  const reason = await once(child, 'close', { signal: late }).then(
    ([code]) => (code === 0 ? null : `exit code ${code}`),
    ({ message }) => (late.aborted ? 'took too long' : message),
  )
  if (reason === null) return
  if (late.aborted) endGroup(child.pid)
  for (const stream of [child.stdout, child.stderr]) stream.destroy()
  throw new Error(`${line.join(' ')}: ${reason}\n${printed}`)
}

function endGroup(leader: number | undefined): void {
  if (leader === undefined) return
  try {
    process.kill(-leader, 'SIGKILL')
  } catch {
    // All of it has ended by itself.
  }
}
