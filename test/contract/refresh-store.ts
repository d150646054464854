// The contract of refresh tokens: they rotate on each use, and a stolen one is noticed. The calls
// go to two nodes in turn.
import type { Test } from 'tap'
import type { Rotated } from '../../src/engine/identity-store.ts'
import { account, session } from './support/samples.ts'
import type { OpenStores, Stores } from './support/suite-setup.ts'

const GRACE_MS = 10_000

/** A session of an app with the token `first`, issued at 0. */
async function family({ accounts, sessions, refreshTokens }: Stores) {
  const ada = account()
  const app = session(ada, { client: 'app', secretHash: null })
  await accounts.create(ada)
  await sessions.create(app)
  await refreshTokens.add({ hash: 'first', session: app.id, issuedAt: 0 })
  const rotate = (hash: string, next: string, now: number): Promise<Rotated> =>
    refreshTokens.rotate({ hash, session: app.id, next, now, graceMs: GRACE_MS })
  return { app, rotate }
}

export function refreshContract(t: Test, open: OpenStores): void {
  t.test('a token is good once, and the next one after it', async (t) => {
    const { app, rotate } = await family(await open(t))
    t.same(await rotate('first', 'second', 1), { session: app })
    t.same(await rotate('second', 'third', 2), { session: app })
  })

  t.test('a token that was never issued is null', async (t) => {
    const { rotate } = await family(await open(t))
    t.equal(await rotate('guessed', 'second', 1), null)
  })

  t.test('a token of another session is null', async (t) => {
    const stores = await open(t)
    await family(stores)
    const guess = { hash: 'first', session: 's_other', next: 'second', now: 1, graceMs: GRACE_MS }
    t.equal(await stores.refreshTokens.rotate(guess), null)
  })

  t.test('a used token past its grace names the session that it was stolen from', async (t) => {
    const { app, rotate } = await family(await open(t))
    await rotate('first', 'second', 1)
    t.same(await rotate('first', 'third', 1 + GRACE_MS + 1), { reused: app.id })
    t.same(await rotate('second', 'fourth', 20_000), { session: app }, 'the caller ends it')
  })

  t.test('within the grace a used token is answered again', async (t) => {
    const { app, rotate } = await family(await open(t))
    await rotate('first', 'lost', 1)
    t.same(await rotate('first', 'second', 1 + GRACE_MS), { session: app })
    t.same(await rotate('second', 'third', 60_000), { session: app })
  })

  t.test('the grace counts from the first use', async (t) => {
    const { app, rotate } = await family(await open(t))
    await rotate('first', 'a', 1)
    await rotate('first', 'b', 9_000)
    t.same(await rotate('first', 'c', 12_000), { reused: app.id })
  })

  t.test('one of two clients that share a token within the grace is noticed', async (t) => {
    const { app, rotate } = await family(await open(t))
    await rotate('first', 'of-the-owner', 1)
    await rotate('first', 'of-the-thief', 2)
    t.same(await rotate('of-the-owner', 'next', 3), { reused: app.id })
  })

  t.test('20 requests with one token at the same time get the same next one', async (t) => {
    const { app, rotate } = await family(await open(t))
    const names = Array.from({ length: 20 }, (_, index) => `next-${index}`)
    await Promise.all(names.map((next) => rotate('first', next, 1)))
    const after = await Promise.all(names.map((name) => rotate(name, `${name}+`, 2)))
    t.equal(after.filter((answer) => answer && 'session' in answer).length, 1)
    t.equal(after.filter((answer) => answer && 'reused' in answer).length, 19, app.id)
  })

  t.test('20 clients that show one token for the same next one all get that', async (t) => {
    const { app, rotate } = await family(await open(t))
    const answers = await Promise.all(Array.from({ length: 20 }, () => rotate('first', 'next', 1)))
    for (const answer of answers) t.same(answer, { session: app })
    t.same(await rotate('next', 'third', 60_000), { session: app })
  })

  t.test('shown again for the same next one, later tokens stay good', async (t) => {
    const { app, rotate } = await family(await open(t))
    await rotate('first', 'second', 1)
    await rotate('second', 'third', 2)
    t.same(await rotate('first', 'second', 3), { session: app })
    t.same(await rotate('third', 'fourth', 60_000), { session: app })
  })

  t.test('however often a token is exchanged, the newest is never forgotten', async (t) => {
    const { app, rotate } = await family(await open(t))
    let token = 'first'
    for (let use = 0; use < 150; use += 1) {
      t.same(await rotate(token, `token ${use}`, 1), { session: app }, `use ${use}`)
      token = `token ${use}`
    }
  })

  t.test('there is no first token for a session that has ended', async (t) => {
    const engine = await open(t)
    const { app, rotate } = await family(engine)
    await engine.sessions.end(app.id)
    const late = { hash: 'late', session: app.id, issuedAt: 1 }
    t.equal(await engine.refreshTokens.add(late), false)
    t.equal(await rotate('late', 'second', 2), null)
  })

  t.test('tokens go with their session', async (t) => {
    const engine = await open(t)
    const { app, rotate } = await family(engine)
    await engine.sessions.end(app.id)
    t.equal(await rotate('first', 'second', 1), null)
  })
}
