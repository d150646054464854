// Acknowledged changes are on the disk, and one commit serves all calls that wait.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { type Engine, EngineUnavailable } from '../../../src/engine/engine.ts'
import { openEngine } from '../../../src/engine/open-engine.ts'
import { NO_HOLDER } from '../../../src/engine/shares.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { moveIn, publish, receiptsOf } from '../../contract/support/receipts.ts'
import { account, session, ticket } from '../../contract/support/samples.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { startChild } from './child.ts'

async function opened(t: Test, folder: string, clock = systemClock): Promise<Engine> {
  const engine = await openEngine({ kind: 'sqlite', folder, lockWaitMs: 10_000 }, clock)
  t.teardown(() => engine.close())
  return engine
}

/** Counts the frames that end a transaction (https://www.sqlite.org/fileformat.html#walformat). */
function commitsIn(folder: string): number {
  const wal = readFileSync(`${folder}/usher.db-wal`)
  const frameBytes = 24 + wal.readUInt32BE(8)
  let commits = 0
  for (let at = 32; at + frameBytes <= wal.length; at += frameBytes) {
    const isCurrent = wal.subarray(at + 8, at + 16).equals(wal.subarray(16, 24))
    if (isCurrent && wal.readUInt32BE(at + 4) > 0) commits += 1
  }
  return commits
}

t.test('acknowledged changes are there after kill -9', async (t) => {
  const folder = t.testdir({})
  const child = startChild(t, ['create-accounts.ts', folder])
  const acknowledged: string[] = []
  while (acknowledged.length < 200) acknowledged.push((await child.line()) ?? 'ended early')
  await child.kill()
  for (let line = await child.line(); line !== null; line = await child.line()) {
    acknowledged.push(line)
  }
  const { accounts } = await opened(t, folder)
  const found = await Promise.all(acknowledged.map((user) => accounts.byUser(user)))
  t.equal(found.filter((record) => record === null).length, 0, 'none is missing')
})

t.test('a move of a receipt that was acknowledged is there after kill -9', async (t) => {
  const folder = t.testdir({})
  const furthest = new Map<string, { delivered: number; read: number }>()
  const note = (line: string) => {
    const [user, room, delivered, read, isPrivate] = JSON.parse(line)
    furthest.set(JSON.stringify([user, room, isPrivate]), { delivered, read })
  }
  for (let life = 0; life < 3; life += 1) {
    const child = startChild(t, ['move-receipts.ts', folder])
    for (let moves = 0; moves < 150; moves += 1) note((await child.line()) ?? 'ended early')
    await child.kill()
    for (let line = await child.line(); line !== null; line = await child.line()) note(line)
  }
  const { receipts } = await opened(t, folder)
  t.equal(furthest.size, 20)
  for (const [key, { delivered, read }] of furthest) {
    const [user, room, isPrivate] = JSON.parse(key)
    const own = await receipts.own(room, user)
    t.ok(own && own.delivered >= delivered && own.read >= read, `${key}: ${read}`)
    const shown = (await receipts.participants(room, 100))?.find((one) => one.user === user)
    t.equal(shown?.readsPrivately, isPrivate)
    const isKept = isPrivate ? shown?.read === shown?.joined : (shown?.read ?? 0) >= read
    t.ok(isKept, 'and what shows is what was shown')
  }
})

t.test('calls made at once share one commit', async (t) => {
  const folder = t.testdir({})
  const { accounts } = await opened(t, folder)
  await accounts.create(account())
  const before = commitsIn(folder)
  await Promise.all(Array.from({ length: 300 }, () => accounts.create(account())))
  t.equal(commitsIn(folder) - before, 1)
})

t.test('moves of receipts have no commit of their own', async (t) => {
  const folder = t.testdir({})
  const engine = await opened(t, folder)
  const rooms = Array.from({ length: 20 }, (_, i) => `chat:${i}`)
  const users = Array.from({ length: 20 }, (_, i) => ({ user: `u_${i}`, name: null }))
  const moves = rooms.map((room) => moveIn(room, { read: 1 }))
  const all = () =>
    Promise.all([
      ...users.map((owner) => receiptsOf(engine).move(owner, moves, NO_HOLDER)),
      publish(engine, 'chat:1', 1),
      receiptsOf(engine).seen('u_1', rooms),
      engine.accounts.create(account()),
    ])
  await all()
  const before = commitsIn(folder)
  await all()
  t.equal(commitsIn(folder) - before, 1)
  await Promise.all([all(), all(), all(), all()])
  const added = commitsIn(folder) - before - 1
  t.ok(added <= 3, `${added} for what waited meanwhile`)
})

t.test('a call that fails takes nothing else of its transaction along', async (t) => {
  const { accounts } = await opened(t, t.testdir({}))
  const [first, last] = [account(), account()]
  const again = account({ user: first.user })
  const calls = [first, again, last].map((each) => accounts.create(each))
  const outcomes = await Promise.allSettled(calls)
  const statuses = outcomes.map(({ status }) => status)
  t.same(statuses, ['fulfilled', 'rejected', 'fulfilled'])
  t.same(await accounts.byUser(first.user), first)
  t.same(await accounts.byUser(last.user), last)
})

t.test('a restart finds everything as it was', async (t) => {
  const folder = t.testdir({})
  const ada = account()
  const app = session(ada, { client: 'app', secretHash: null })
  const one = ticket({ session: app.id })
  const before = await opened(t, folder)
  await before.accounts.create(ada)
  await before.sessions.create(app)
  await before.tickets.issue(one)
  await before.close()
  const after = await opened(t, folder)
  t.same(await after.accounts.byUser(ada.user), ada)
  t.same(await after.sessions.byId(app.id), app)
  t.same(await after.tickets.redeem(one.hash, 1_000), one)
})

t.test('[C22] a ticket that was handed over is good in the next process alone', async (t) => {
  const folder = t.testdir({})
  const [used, unused] = [ticket(), ticket()]
  const before = await opened(t, folder)
  for (const each of [used, unused]) await before.tickets.issue(each)
  await before.tickets.redeem(used.hash, 1_000)
  await before.close()
  await t.rejects(before.tickets.redeem(unused.hash, 1_000), EngineUnavailable)
  const after = await opened(t, folder)
  t.equal(await after.tickets.redeem(used.hash, 1_000), null)
  t.same(await after.tickets.redeem(unused.hash, 1_000), unused)
})

t.test('[S18] a user who is banned or logged out while it closes leaves no ticket', async (t) => {
  const folder = t.testdir({})
  const ada = account()
  const web = session(ada)
  const before = await opened(t, folder)
  await before.accounts.create(ada)
  await before.sessions.create(web)
  const mine = [ticket({ session: web.id }), ticket({ user: 'eve' }), ticket({ user: 'bob' })]
  for (const each of mine) await before.tickets.issue(each)
  const ending = [before.sessions.end(web.id), before.userStatus.ban('eve', 5)]
  await Promise.all([before.close(), ...ending])
  const after = await opened(t, folder)
  const left = await Promise.all(mine.map(({ hash }) => after.tickets.redeem(hash, 1_000)))
  t.same(left, [null, null, mine[2]])
})

t.test('[C22] after a crash no ticket is good: it may have been used', async (t) => {
  const folder = t.testdir({})
  const one = ticket()
  const first = await opened(t, folder)
  await first.tickets.issue(one)
  await first.close()
  // Takes it over, and goes without a word.
  const child = startChild(t, ['create-accounts.ts', folder])
  t.type(await child.line(), 'string')
  await child.kill()
  const after = await opened(t, folder)
  t.equal(await after.tickets.redeem(one.hash, 1_000), null)
})

t.test('expired records are swept within the minute', async (t) => {
  const clock = new ManualClock()
  const { accounts, sessions } = await opened(t, t.testdir({}), clock)
  const ada = account()
  const over = session(ada, { expiresAt: clock.now() + 60_000 })
  const good = session(ada, { expiresAt: clock.now() + 60_001 })
  await accounts.create(ada)
  for (const each of [over, good]) await sessions.create(each)
  await clock.advance(60_000)
  // The sweep is under way; the test's time-out is the bound of this loop.
  let found = await sessions.byId(over.id)
  while (found !== null) found = await sessions.byId(over.id)
  t.same(await sessions.byId(good.id), good)
})

t.test('a full disk refuses and loses nothing, and ends', async (t) => {
  const folder = t.testdir({})
  const child = startChild(t, ['fill-disk.ts', folder], { shell: 'ulimit -S -f 800; exec "$@"' })
  t.match(await child.line(), /^full \{"ready":false,"reason":"SQLite could not keep it: /)
  const { status } = spawnSync('prlimit', ['--pid', `${child.process.pid}`, '--fsize=unlimited:'])
  t.equal(status, 0)
  child.process.stdin?.write('\n')
  t.equal(await child.line(), 'again {"ready":true}')
  t.equal(await child.line(), 'all there')
})
