// Every ending changes the store first and then closes connections, also when it is tried again.
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'tap'
import { EngineUnavailable } from '../../src/engine/engine.ts'
import type { SessionRecord } from '../../src/engine/identity-store.ts'
import { type AccessStores, RevokeAccess } from '../../src/identity/revoke-access.ts'
import { digest } from '../../src/identity/secret.ts'
import type { Revocation } from '../../src/protocol/identity.ts'
import { ManualClock } from '../support/manual-clock.ts'

const AWAY = new EngineUnavailable('away')

/** Stores that record each call; of each kind the first `fails` calls fail. */
function recorded({ store = 0, nodes = 0, removed = true } = {}) {
  const calls: string[] = []
  const left = { store, nodes }
  const note = <Answer>(of: 'store' | 'nodes', call: string, answer: Answer): Promise<Answer> => {
    calls.push(call)
    left[of] -= 1
    return left[of] >= 0 ? Promise.reject(AWAY) : Promise.resolve(answer)
  }
  const wordOf = (revocation: Revocation) => Object.values(revocation).join(' in ')
  const stores = {
    accounts: { remove: (user: string) => note('store', `remove ${user}`, removed) },
    sessions: {
      end: (id: string) => note('store', `end ${id}`, true),
      endAll: (user: string, kept: string) =>
        note('store', `end others of ${user} than ${kept}`, ['s_2', 's_3']),
      bySecret: async (hash: string) =>
        hash === digest('known') ? ({ id: 's_1' } as SessionRecord) : null,
    },
    tickets: {
      end: (whose: Revocation, now: number) => note('store', `void ${wordOf(whose)} ${now}`, true),
    },
    userStatus: {
      ban: (user: string, now: number) => note('store', `ban ${user} ${now}`, undefined),
      unban: (user: string) => note('store', `unban ${user}`, undefined),
      revoke: (user: string, now: number) => note('store', `void ${user} ${now}`, undefined),
    },
    receipts: { removeUser: (user: string) => note('store', `leave ${user}`, undefined) },
    revocations: {
      revoke: (revocation: Revocation) => note('nodes', `close ${wordOf(revocation)}`, undefined),
    },
  } as unknown as AccessStores
  const clock = new ManualClock()
  return { access: new RevokeAccess(stores, clock), calls, now: clock.now() }
}

type Ending = (access: RevokeAccess) => Promise<unknown>

const ENDINGS: Record<string, { run: Ending; calls: (now: number) => string[] }> = {
  'log-out': { run: (access) => access.logOut('s_1'), calls: () => ['end s_1', 'close s_1'] },
  'log-out everywhere': {
    run: (access) => access.logOutEverywhere('ann'),
    calls: (now) => [`void ann ${now}`, 'close ann'],
  },
  'log-out of the other sessions': {
    run: (access) => access.logOutOthers('ann', 's_1'),
    calls: () => ['end others of ann than s_1', 'close s_2', 'close s_3'],
  },
  'a ban': {
    run: (access) => access.ban('ann'),
    calls: (now) => [`ban ann ${now}`, 'close ann'],
  },
  'the end of an application’s session': {
    run: (access) => access.endedByHost({ session: 'host:1' }),
    calls: (now) => [`void host:1 ${now}`, 'close host:1'],
  },
  'a removed account': {
    run: (access) => access.removeAccount('ann'),
    calls: () => ['leave ann', 'remove ann', 'close ann', 'leave ann'],
  },
}

for (const [name, { run, calls }] of Object.entries(ENDINGS)) {
  test(`${name}: the store first, and then the connections`, async (t) => {
    const { access, calls: done, now } = recorded()
    await run(access)
    t.same(done, calls(now))
  })

  test(`${name}: no connection is closed while the store is away`, async (t) => {
    const { access, calls: done, now } = recorded({ store: 1 })
    await t.rejects(run(access), AWAY)
    t.same(done, calls(now).slice(0, 1))
  })

  test(`${name}: tried again when the nodes could not be told, it does both again`, async (t) => {
    const { access, calls: done, now } = recorded({ nodes: 1 })
    await t.rejects(run(access), AWAY)
    await run(access)
    const all = calls(now)
    const untold = all.slice(0, all.findLastIndex((call) => call.startsWith('close')) + 1)
    t.same(done, [...untold, ...all])
  })
}

test('a removed account tells whether there was one', async (t) => {
  t.equal(await recorded().access.removeAccount('ann'), true)
  t.equal(await recorded({ removed: false }).access.removeAccount('ann'), false)
})

test('a cookie that is known ends its session, and any other nothing', async (t) => {
  const { access, calls } = recorded()
  await access.logOutCookies([])
  await access.logOutCookies(['unknown'])
  t.same(calls, [])
  await access.logOutCookies(['unknown', 'known'])
  t.same(calls, ['end s_1', 'close s_1'])
})

test('disconnecting and sending out close connections, and leave the store as it is', async (t) => {
  const { access, calls } = recorded()
  await access.disconnect({ session: 's_1' })
  await access.disconnect({ user: 'ann' })
  await access.sendOut('ann', 'chat:a')
  t.same(calls, ['close s_1', 'close ann', 'close ann in chat:a'])
})

test('lifting a ban closes nothing', async (t) => {
  const { access, calls } = recorded()
  await access.unban('ann')
  t.same(calls, ['unban ann'])
})

test('no other file ends access by hand', (t) => {
  const byHand = /(revocations\.revoke|userStatus\.(ban|unban|revoke)|accounts\.remove)\(/
  const allowed = ['src/identity/revoke-access.ts', 'src/engine/']
  const files = ['src', 'plugins', 'routes'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => `${folder}/${path}`),
  )
  const found = files.filter((path) => !allowed.some((start) => path.startsWith(start)))
  t.same(
    found.filter((path) => byHand.test(readFileSync(path, 'utf8'))),
    ['routes/account.ts'],
    'and that one asks the accounts, which ask here',
  )
  t.end()
})
