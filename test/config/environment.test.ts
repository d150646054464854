// Settings from the environment: which ones are taken, and what the operator is told about others.
import { existsSync } from 'node:fs'
import { type Test, test } from 'tap'
import { loadConfig, lookAtEnvironment } from '../../src/config/environment.ts'
import { ConfigError } from '../../src/config/mistakes.ts'

const SECRET = 'd9b1f0a7c3e5d9b1f0a7c3e5d9b1f0a7'
const MEMORY = { USHER_DATA: ':memory:' }

/** The message to the operator about these settings; empty when they are fine. */
function toldOf(env: Record<string, string>): string {
  try {
    loadConfig({ ...MEMORY, ...env })
    return ''
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
}

test('without any setting there are defaults, and production is closed', async (t) => {
  const config = loadConfig(MEMORY)
  t.match(config, { host: '127.0.0.1', port: 3000, signup: 'open', production: false })
  t.match(config, { drainSeconds: 5, logLevel: 'info', trustProxy: [], origins: [], warnings: [] })
  const production = loadConfig({ ...MEMORY, NODE_ENV: 'production', USHER_SECRET: SECRET })
  t.match(production, { signup: 'closed', production: true })
  t.ok(Object.isFrozen(config))
})

const WRONG: [name: string, value: string][] = [
  ['PORT', '-1'],
  ['PORT', '65536'],
  ['PORT', '3e3'],
  ['PORT', 'http'],
  ['USHER_DRAIN_SECONDS', '301'],
  ['USHER_DRAIN_SECONDS', '1.5'],
  ['USHER_LOG_LEVEL', 'loud'],
  ['USHER_SIGNUP', 'yes'],
  ['USHER_PUBLIC_URL', 'chat.example.com'],
  ['USHER_PUBLIC_URL', 'ftp://chat.example.com'],
  ['USHER_ORIGINS', 'https://a.example/'],
  ['USHER_ORIGINS', 'https://A.example'],
  ['USHER_ORIGINS', 'https://*.example.com'],
  ['USHER_ORIGINS', 'https://a.example,*'],
  ['USHER_ORIGINS', 'null'],
  ['USHER_ORIGINS', 'https://a.example:443'],
  ['USHER_ORIGINS', 'capacitor://localhost/'],
  ['USHER_ORIGINS', 'capacitor://*'],
  ['USHER_ORIGINS', 'capacitor://'],
  ['USHER_ORIGINS', 'Capacitor://localhost'],
  ['USHER_ORIGINS', 'app://bundle?x'],
  ['USHER_ORIGINS', 'app://user@bundle'],
  ['USHER_ORIGINS', 'file://'],
  ['USHER_ORIGINS', 'file://localhost'],
  ['USHER_ORIGINS', 'wss://chat.example.com'],
  ['USHER_API_KEYS', 'a-key-without-a-name-0123456789'],
  ['USHER_API_KEYS', 'name:too-short'],
  ['USHER_API_KEYS', 'na me:0123456789012345678901234'],
  ['USHER_API_KEYS', 'name:with spaces in it 0123456789'],
  ['USHER_API_KEYS', 'a:012345678901234567890123,:012345678901234567890123'],
  ['USHER_API_KEYS', 'a:012345678901234567890123,a:abcdefghijklmnopqrstuvwx'],
  ['USHER_API_KEYS', 'a:012345678901234567890123,b(read):012345678901234567890123'],
  ['USHER_API_KEYS', 'a(reads):012345678901234567890123'],
  ['USHER_API_KEYS', 'a(read+):012345678901234567890123'],
  ['USHER_API_KEYS', 'a(read publish):012345678901234567890123'],
  ['USHER_API_KEYS', 'a():012345678901234567890123'],
  ['USHER_API_KEYS', 'a(read:012345678901234567890123'],
  ['USHER_API_KEYS', '(read):012345678901234567890123'],
  ['USHER_API_KEYS', 'a(read)(publish):012345678901234567890123'],
  ['USHER_TRUST_PROXY', 'proxy.example.com'],
  ['USHER_TRUST_PROXY', '10.0.0.0/33'],
  ['USHER_TRUST_PROXY', '10.0.0.0/8/8'],
  ['USHER_TRUST_PROXY', 'true'],
  ['USHER_SECRET', 'too short'],
  ['USHER_SECRET', 'a'.repeat(64)],
  ['USHER_SECRET_PREVIOUS', 'changeme'],
  ['NODE_ENV', 'prod'],
  ['NODE_ENV', 'Production'],
  ['NODE_ENV', 'constructor'],
  ['USHER_REDIS_URL', 'localhost:6379'],
  ['USHER_REDIS_URL', 'redis://one:6379,two:6379'],
  ['USHER_REDIS_URL', 'redis+sentinel://one:26379'],
  ['USHER_REDIS_PREFIX', 'a{b}:'],
  ['USHER_CONFIG', '/nowhere/usher.config.json'],
]

for (const [name, value] of WRONG) {
  test(`${name} is named when it is ${value.slice(0, 40)}`, async (t) => {
    const told = toldOf({ [name]: value })
    t.match(told, new RegExp(`^${name}: .+\\.$`))
    t.equal(told.split('\n').length, 1)
  })
}

test('only the word production is production, and test is like development', async (t) => {
  for (const word of ['development', 'test', '']) {
    t.equal(loadConfig({ ...MEMORY, NODE_ENV: word }).production, false, word)
  }
})

test('all mistakes are reported at once, one line each', async (t) => {
  const told = toldOf({ PORT: 'x', USHER_SIGNUP: 'x', USHER_SECRET: 'x' })
  t.same(
    told
      .split('\n')
      .map((line) => line.split(':')[0])
      .sort(),
    ['PORT', 'USHER_SECRET', 'USHER_SIGNUP'],
  )
})

test('[S25] in production a missing, short or monotonous secret is refused', async (t) => {
  const production = { NODE_ENV: 'production' }
  t.match(toldOf(production), /^USHER_SECRET: is missing/)
  t.match(toldOf({ ...production, USHER_SECRET: '   ' }), /^USHER_SECRET: is missing/)
  for (const weak of [SECRET.slice(1), 'ab'.repeat(40)]) {
    t.match(toldOf({ ...production, USHER_SECRET: weak }), /^USHER_SECRET: is too weak/)
  }
  t.equal(toldOf({ ...production, USHER_SECRET: SECRET }), '')
})

test('[S25] a weak secret or key is never repeated in what the operator is told', async (t) => {
  const told = toldOf({ USHER_SECRET: 'hunter2-secret', USHER_API_KEYS: 'name:hunter2-key' })
  t.match(told, /USHER_SECRET/)
  t.notMatch(told, /hunter2/)
})

test('[S34] several server keys may be given at once, and a key may contain colons', async (t) => {
  const keys = 'a:0123456789:0123456789:0123, b:abcdefghijklmnopqrstuvwxyz'
  t.same(loadConfig({ ...MEMORY, USHER_API_KEYS: keys }).serverKeys, [
    { name: 'a', key: '0123456789:0123456789:0123' },
    { name: 'b', key: 'abcdefghijklmnopqrstuvwxyz' },
  ])
})

test('[S53] a server key has the scopes that stand in brackets behind its name', async (t) => {
  const keys = 'a(publish+read):0123456789(0123)456:78901, b:abcdefghijklmnopqrstuvwxyz'
  t.same(loadConfig({ ...MEMORY, USHER_API_KEYS: keys }).serverKeys, [
    { name: 'a', scopes: ['publish', 'read'], key: '0123456789(0123)456:78901' },
    { name: 'b', key: 'abcdefghijklmnopqrstuvwxyz' },
  ])
})

test('[S53] mistakes in scopes are told in a plain sentence, without the key', async (t) => {
  const key = '012345678901234567890123'
  const sentences: [keys: string, told: RegExp][] = [
    [`a:${key}x,b(reads):${key}`, /the scopes of entry 2 must be some of publish, read, /],
    [`a():${key}`, /the scopes of entry 1 must be some of publish, read, /],
    [`a:${key},a:${key}x`, /two keys have one name: give each its own/],
    [`a:${key},b(read):${key}`, /two names have one key: give each its own/],
  ]
  for (const [keys, wanted] of sentences) {
    const told = toldOf({ USHER_API_KEYS: keys })
    t.match(told, wanted)
    t.notMatch(told, /0123|reads/)
  }
})

test('lists are split at commas, and empty items are left out', async (t: Test) => {
  const env = {
    USHER_ORIGINS: ' https://a.example, https://b.example:8443 , capacitor://localhost,',
    USHER_TRUST_PROXY: '10.0.0.0/8,::1, loopback',
  }
  const { origins, trustProxy } = loadConfig({ ...MEMORY, ...env })
  t.same(origins, ['https://a.example', 'https://b.example:8443', 'capacitor://localhost'])
  t.same(trustProxy, ['10.0.0.0/8', '::1', 'loopback'])
})

test('a setting that this version does not know is warned of by its name', async (t) => {
  const { warnings } = loadConfig({ ...MEMORY, USHER_ORIGIN: 'https://a.example' })
  t.equal(warnings.length, 1)
  t.match(warnings[0], /^USHER_ORIGIN is not a setting/)
  t.notMatch(warnings[0], /a\.example/)
})

test('a variable that is empty is warned of, since it may be a slip', async (t) => {
  const { port, warnings } = loadConfig({
    ...MEMORY,
    PORT: '',
    NODE_ENV: ' ',
    HOME: '',
    HOST: undefined,
  })
  t.equal(port, 3000)
  t.same(warnings, [
    'PORT is empty: it counts as not set.',
    'NODE_ENV is empty: it counts as not set.',
  ])
})

test('a rules file or a folder that cannot be read or made is told in a sentence', async (t) => {
  const folder = t.testdir({ rules: {}, file: '', 'with-secret': { secret: {} } })
  const rules = /^USHER_CONFIG: cannot be read \(.+\): write the path of a file that this user may/
  t.match(toldOf({ USHER_CONFIG: `${folder}/rules` }), rules)
  t.match(toldOf({ USHER_CONFIG: `${folder}/file/rules.json` }), rules)
  for (const data of ['file', 'file/data', 'with-secret']) {
    const told = toldOf({ USHER_DATA: `${folder}/${data}` })
    t.match(
      told,
      /^USHER_DATA: .+secret can be neither read nor made \(.+\): name a folder in which /,
    )
  }
})

test('looking at the settings makes nothing, and finds what is wrong', async (t) => {
  const folder = `${t.testdir()}/data`
  const found = lookAtEnvironment({ USHER_DATA: folder, PORT: 'x' })
  t.match(found.wrongs, [/^PORT: /])
  t.match(found.settings, { port: 3000, data: folder })
  t.notOk(existsSync(folder))
})
