// The secret that development keeps in its data folder, and a process that refuses to start without
// one.
import { execFile } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { test } from 'tap'
import { loadConfig } from '../../src/config/environment.ts'
import { ConfigError } from '../../src/config/mistakes.ts'

const secretOf = (folder: string) => loadConfig({ USHER_DATA: folder }).secrets.current

test('[S16] without USHER_SECRET development makes one and keeps it', async (t) => {
  const folder = join(t.testdir(), 'data')
  const made = secretOf(folder)
  t.match(made, /^[\w-]{43}$/)
  t.equal(secretOf(folder), made)
  t.equal(readFileSync(join(folder, 'secret'), 'utf8'), made)
  t.same(readdirSync(folder), ['secret'], 'nothing else is left there')
})

test('[S16] the kept secret can be read by its owner alone', async (t) => {
  const folder = join(t.testdir(), 'data')
  secretOf(folder)
  t.equal(statSync(join(folder, 'secret')).mode & 0o777, 0o600)
  t.equal(statSync(folder).mode & 0o777, 0o700)
})

test('[S25] a kept secret that was cut short is refused, not used', async (t) => {
  const folder = t.testdir()
  for (const text of ['', '\n', 'short', 'a'.repeat(64)]) {
    writeFileSync(join(folder, 'secret'), text)
    t.throws(() => secretOf(folder), ConfigError)
    t.throws(() => secretOf(folder), /^USHER_SECRET: .+secret is too weak/)
  }
})

test('USHER_SECRET goes before the folder, which is then left alone', async (t) => {
  const folder = join(t.testdir(), 'data')
  const secret = '0123456789abcdef0123456789abcdef'
  const { secrets } = loadConfig({ USHER_DATA: folder, USHER_SECRET: secret })
  t.same(secrets, { current: secret, previous: null })
  t.notOk(existsSync(folder))
})

test('in memory the secret is new each time, and nothing is written', async (t) => {
  t.not(secretOf(':memory:'), secretOf(':memory:'))
  t.notOk(existsSync(':memory:'))
})

/** Starts the real process with these variables alone and gives what it printed when it ended. */
async function start(env: Record<string, string>): Promise<{ code: unknown; stderr: string }> {
  const server = join(import.meta.dirname, '..', '..', 'src', 'server.ts')
  try {
    const { stderr } = await promisify(execFile)(process.execPath, [server], { env })
    return { code: 0, stderr }
  } catch (error) {
    return error as { code: unknown; stderr: string }
  }
}

test('[S25] the process ends with 1 and a sentence when production has no secret', async (t) => {
  const { code, stderr } = await start({ NODE_ENV: 'production', USHER_DATA: ':memory:' })
  t.equal(code, 1)
  t.equal(stderr.split('\n')[0], 'Usher does not start.')
  t.match(stderr, /USHER_SECRET: is missing/)
  t.notMatch(stderr, /at .+\.ts:\d/, 'no stack')
})

test('[S16] a folder that others may read keeps its secret from them', async (t) => {
  const folder = t.testdir({ data: {} })
  chmodSync(folder, 0o755)
  secretOf(folder)
  t.equal(statSync(join(folder, 'secret')).mode & 0o077, 0)
})
