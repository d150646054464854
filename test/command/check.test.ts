// usher check: what it shows, what it hides, and that it leaves everything as it is.
import { existsSync, readdirSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'tap'
import { check } from '../../src/command/check.ts'
import { openEngine } from '../../src/engine/open-engine.ts'
import { MIGRATIONS, migrate } from '../../src/engine/sqlite/schema.ts'
import { systemClock } from '../../src/time/system-clock.ts'
import { account } from '../contract/support/samples.ts'

const MEMORY = { USHER_DATA: ':memory:' }
const SECRETS = ['1-root-secret', '2-former-secret', '3-key-of-a-back-end', '4-shared-key'].map(
  (name) => `${name}-0123456789abcdefghijkl`,
)
const [USHER_SECRET = '', USHER_SECRET_PREVIOUS = '', KEY = '', USHER_JWT_KEY = ''] = SECRETS

test('the settings that hold are shown, and no secret', async (t) => {
  const env = {
    ...{ USHER_DATA: ':memory:', NODE_ENV: 'production', USHER_SECRET, USHER_SECRET_PREVIOUS },
    USHER_API_KEYS: `shop(publish+read):${KEY},other:${KEY}x`,
    ...{ USHER_JWT_KEY, USHER_JWT_ALGORITHM: 'HS256', USHER_JWT_ISSUER: 'i' },
    ...{ USHER_JWT_AUDIENCE: 'a', USHER_ORIGINS: 'https://a.test,https://b.test' },
  }
  const { report, wrongs } = check(env)
  t.same(wrongs, [])
  t.match(report, /^ {2}PORT +3000 \(not set\)$/m)
  t.match(report, /^ {2}NODE_ENV +production$/m)
  t.match(report, /^ {2}USHER_SIGNUP +closed \(not set\)$/m)
  t.match(report, /^ {2}USHER_ORIGINS +https:\/\/a\.test, https:\/\/b\.test$/m)
  t.match(report, /^ {2}USHER_API_KEYS +shop\(publish\+read\), other$/m)
  t.match(report, /^ {2}USHER_SECRET +set, and not shown$/m)
  t.match(report, /^ {2}in memory: nothing is kept$/m)
  for (const secret of SECRETS) t.notOk(report.includes(secret))
})

test('the rules that hold are shown, and limits that are not the standard', async (t) => {
  const rules = {
    rooms: [{ match: 'a:*', join: [], history: { messages: 5, age: '36h' } }, { match: '*' }],
    limits: { connections: null, exemptAddresses: ['192.0.2.0/24'] },
    heartbeat: { pingSeconds: 20 },
  }
  const folder = t.testdir({ 'rules.json': JSON.stringify(rules) })
  const { report, wrongs } = check({ ...MEMORY, USHER_CONFIG: `${folder}/rules.json` })
  t.same(wrongs, [])
  const [, shown = ''] = report.split(/^Rules\n|^Store\n/m)
  t.same(shown.trimEnd().split('\n').slice(1), [
    '  "a:*" join: none; publish: user, server; keeps 5 messages for 36h',
    '  "*" join: user, server; publish: user, server; keeps nothing',
    '  limits.connections: null',
    '  exempt: 192.0.2.0/24',
    '  heartbeat.pingSeconds: 20',
  ])
})

test('what would stop a start is told, all of it, the rules with their line', async (t) => {
  const folder = t.testdir({ 'rules.json': '{\n"x": 1\n}', file: '' })
  const env = { PORT: 'x', USHER_CONFIG: `${folder}/rules.json`, USHER_DATA: `${folder}/file` }
  const { report, wrongs } = check({ ...env, USHER_TYPO: '1' })
  t.match(wrongs, [
    /^PORT: write a/,
    /rules\.json, line 2: x is not/,
    /^USHER_DATA: .* is no folder/,
  ])
  t.equal(wrongs.length, 3)
  t.match(report, /^ {2}PORT +wrong: see below$/m)
  t.match(report, /rules\.json is wrong: see below$/m)
  t.match(report, /^Warnings\n {2}USHER_TYPO is not a setting/m)
})

test('a store is described while it is in use, and one that is damaged is wrong', async (t) => {
  const folder = t.testdir({ damaged: { 'usher.db': 'no database, '.repeat(500) } })
  const settings = { kind: 'sqlite', folder, lockWaitMs: 0 } as const
  const engine = await openEngine(settings, systemClock)
  t.teardown(() => engine.close())
  await engine.accounts.create(account())
  const found = check({ USHER_DATA: folder })
  t.match(found.report, /: version (\d+), \d+\.\d MiB, rooms: 0, accounts: 1$/m)
  t.same(found.wrongs, [])
  const { wrongs } = check({ USHER_DATA: `${folder}/damaged` })
  t.match(wrongs, [/usher\.db is not a SQLite database/])
})

test('an older store is told of, and is left as it is', async (t) => {
  const folder = t.testdir({})
  const db = new DatabaseSync(`${folder}/usher.db`)
  migrate(db, MIGRATIONS.slice(0, 1))
  db.close()
  const { report, wrongs } = check({ USHER_DATA: folder })
  t.same(wrongs, [])
  t.match(report, /: version 1 \(the next start makes it \d+\), .*, rooms: 0, accounts: 0$/m)
})

test('nothing is made', async (t) => {
  const folder = t.testdir({})
  const { report, wrongs } = check({ USHER_DATA: `${folder}/not/yet` })
  t.match(report, /not\/yet: no store yet, the first start makes one$/m)
  t.same(wrongs, [])
  t.notOk(existsSync(`${folder}/not`))
  check({ USHER_DATA: folder })
  t.same(readdirSync(folder), [])
})
