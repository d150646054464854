// A Redis for one row of a benchmark: its CPU time is read from outside, its commands are its own
// count.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../test/support/free-port.ts'
import { tell } from '../../test/support/redis-server.ts'

/** A Redis that keeps a log of what it is told, synced each second, as most are set. */
export class Redis {
  readonly port: number
  readonly #pid: number
  readonly end: () => Promise<void>

  private constructor(port: number, pid: number, end: () => Promise<void>) {
    this.port = port
    this.#pid = pid
    this.end = end
  }

  static async start(): Promise<Redis> {
    const folder = await mkdtemp(join(tmpdir(), 'usher-bench-redis-'))
    const port = await freePort()
    const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '']
    const child = spawn('redis-server', [...settings, '--appendonly', 'yes'])
    for await (const text of child.stdout) if (/Ready to accept/.test(String(text))) break
    child.stdout.resume()
    return new Redis(port, child.pid ?? 0, async () => {
      child.kill('SIGKILL')
      await once(child, 'exit')
      await rm(folder, { recursive: true, force: true })
    })
  }

  /** How many commands it was sent so far. */
  async commands(): Promise<number> {
    const info = String(await tell(this.port, 'INFO', 'stats'))
    return Number(/total_commands_processed:(\d+)/.exec(info)?.[1])
  }

  /** All of its CPU time so far, of all its threads. */
  async cpuSeconds(): Promise<number> {
    const threads = await readdir(`/proc/${this.#pid}/task`)
    const ran = await Promise.all(
      threads.map((thread) => readFile(`/proc/${this.#pid}/task/${thread}/schedstat`, 'latin1')),
    )
    return ran.reduce((sum, text) => sum + Number(text.split(' ')[0]), 0) / 1e9
  }
}
