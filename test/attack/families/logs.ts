// What a stranger can make of the log: lines are bounded, and the reader of the log may go (S51).
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { freePort } from '../../support/free-port.ts'
import { type Attack, attack, type Family } from '../attack.ts'
import type { Target } from '../target.ts'
import { ask, pause, within, wordsOf } from '../wire.ts'

const SERVER = resolve(import.meta.dirname, '../../../src/server.ts')
const LINE_MAX = 4_096
const END_MS = 15_000

export const logs: Family = { title: 'logs', homes: ['alone'], parts: [lines, reader] }

function lines(target: Target): Attack[] {
  const paths = { backslashes: '\\', quotes: '"', 'escaped bytes': '%01', letters: 'a' }
  return Object.entries(paths).map(([name, text]) =>
    attack(`a path of many ${name}`, '15,000 of them', `at most ${LINE_MAX} characters`, () =>
      longest(target, `/${text.repeat(15_000).slice(0, 15_000)}`),
    ),
  )
}

async function longest({ server, ask }: Target, path: string): Promise<string> {
  const before = server.program.output.length
  await ask({ path })
  await pause(200)
  const lines = server.program.output.slice(before).split('\n')
  const most = Math.max(...lines.map(({ length }) => length))
  return most <= LINE_MAX ? `at most ${LINE_MAX} characters` : `${most} characters`
}

function reader(): Attack {
  return attack('the reader of the log goes', 'SIGTERM behind it', 'ended with 0', readerGone)
}

/** Reads what it says first, and no more; it goes on to write into a pipe that has no end. */
async function readerGone(): Promise<string> {
  const cwd = mkdtempSync(join(tmpdir(), 'usher-'))
  const port = await freePort()
  const env = { PORT: String(port), USHER_DATA: cwd, USHER_DRAIN_SECONDS: '1' }
  const server = spawn(process.execPath, [SERVER], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = once(server, 'exit')
  try {
    await once(server.stdout, 'data')
    server.stdout.destroy()
    const live = { path: '/health/live' }
    while (wordsOf(await ask(port, live)) !== '200') await pause(100)
    server.kill('SIGTERM')
    const [code] = await within(END_MS, ended, ['none: it still runs'])
    return `ended with ${code}`
  } finally {
    server.kill('SIGKILL')
    rmSync(cwd, { recursive: true, force: true })
  }
}
