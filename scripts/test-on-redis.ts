// `npm run test:on-redis [-- --short]`: the tests of the routes once more, with the engine on a
// real Redis instead of SQLite in memory. Files that hold the clock are left out: a link to Redis
// needs real time.
import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../test/support/free-port.ts'
import { RedisServer } from '../test/support/redis-server.ts'

/** What CI runs: each way in, and what ends and what is kept. */
const SHORT = [
  ...['batch-keys', 'connect', 'credentials', 'first-message', 'follow', 'history', 'many-rooms'],
  ...['members', 'operators', 'permissions', 'personal-rooms', 'receipts', 'receipts-rich'],
  ...['rooms-relay', 'session', 'sign-up', 'tickets', 'user-accounts', 'users'],
]
const HOLDS_THE_CLOCK = /ManualClock/

const isShort = process.argv.includes('--short')
const all = isShort
  ? SHORT.map((name) => `test/routes/${name}.test.ts`)
  : globSync('test/routes/*.test.ts').sort()
const files = all.filter((file) => !HOLDS_THE_CLOCK.test(readFileSync(file, 'utf8')))
const folder = mkdtempSync(join(tmpdir(), 'usher-on-redis-'))
const redis = new RedisServer(folder, await freePort(), [])
await redis.start()
const env = { ...process.env, USHER_TEST_REDIS_URL: redis.url }
const { status } = spawnSync('tap', ['--jobs=2', ...files], { env, stdio: 'inherit' })
await redis.kill()
rmSync(folder, { recursive: true, force: true })
process.exitCode = status ?? 1
