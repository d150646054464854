// A store that another program has locked, or whose files are gone: what needs it is refused at
// once while that is known, all else goes on, and a probe that writes finds out that it is back.
import { renameSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import { type Engine, EngineUnavailable } from '../../../src/engine/engine.ts'
import { openEngine } from '../../../src/engine/open-engine.ts'
import { NO_HOLDER } from '../../../src/engine/shares.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { listen } from '../../contract/support/listener.ts'
import { account, draft, session } from '../../contract/support/samples.ts'
import { pageQuery } from '../../support/page-query.ts'
import { until, within } from '../../support/until.ts'

const KEPT = { messages: 1_000, ageMs: null }
/** Those that find it out are told within 3 s; a busy machine gets some more. */
const FOUND_OUT = { what: 'the refusal of those that find it out', ms: 4_500 }
/** So many, one after the other: none of them waits for the lock. */
const REFUSALS = 50
const AT_ONCE = { what: `${REFUSALS} refusals at once`, ms: 3_000 }

const ADA = account()
const WEB = session(ADA)

/** An engine with one message and one session, and a follower of its room. */
async function scene(t: Test) {
  const folder = t.testdir({ data: {} })
  const settings = { kind: 'sqlite', folder: `${folder}/data`, lockWaitMs: 0 } as const
  const engine = await openEngine(settings, systemClock)
  t.teardown(() => engine.close())
  await engine.accounts.create(ADA)
  await engine.sessions.create(WEB)
  const { listener } = await listen(engine, 'chat:1')
  await say(engine, 'before')
  return { engine, listener, folder: settings.folder }
}

async function say({ log }: Engine, text: string, key: string | null = null) {
  const options = { retention: KEPT, holder: NO_HOLDER }
  return log.append('chat:1', draft(text), {
    ...options,
    key: key === null ? null : { value: key, sender: 'server backend' },
  })
}

/** What became of calls: `kept` or the outcome of a refusal. */
async function outcomes(calls: readonly Promise<unknown>[]): Promise<string[]> {
  const each = calls.map((called) =>
    called.then(
      () => 'kept',
      (error) => (error instanceof EngineUnavailable ? error.outcome : String(error)),
    ),
  )
  return [...new Set(await Promise.all(each))]
}

async function textsIn({ log }: Engine): Promise<string[]> {
  const { messages } = await log.read('chat:1', pageQuery())
  return messages.map(({ offset, payload }) => `${offset} ${payload}`)
}

/** What goes on without a writer, and what is refused at once. */
async function goesOn(t: Test, engine: Engine): Promise<void> {
  t.same(await textsIn(engine), ['1 before'], 'history')
  t.equal((await engine.log.head('chat:1')).offset, 1, 'who follows learns the position')
  t.match(await engine.log.summary('chat:1', KEPT), { head: { offset: 1 }, oldest: 1 })
  t.same(await engine.sessions.bySecret(WEB.secretHash ?? ''), WEB, 'who is logged in stays so')
  t.match(engine.health(), { ready: false, reason: /could not keep it/ })
  const refused = new Set<string>()
  for (let each = 0; each < REFUSALS; each += 1) {
    const calls = [say(engine, 'lost'), engine.sessions.create(session(ADA))]
    for (const outcome of await outcomes(calls)) refused.add(outcome)
  }
  t.same([...refused], ['nothing'])
  t.equal(engine.waiting, 0, 'nothing waits')
  t.equal(engine.shares.held('waitingForDisk'), 0)
}

/** Nothing that was refused is kept, and what comes now is. */
async function isBack(t: Test, { engine, listener }: Awaited<ReturnType<typeof scene>>) {
  await until(() => engine.health().ready)
  const again = await say(engine, 'after', 'k')
  t.match(again, { position: { offset: 2 }, repeated: false })
  t.same(await textsIn(engine), ['1 before', '2 after'])
  t.same(listener.told, ['before', 'after'])
}

t.test('[C200] while another program has a lock, publishes are refused at once', async (t) => {
  const parts = await scene(t)
  const { engine, folder } = parts
  const other = new DatabaseSync(`${folder}/usher.db`)
  t.teardown(() => other.isOpen && other.close())
  other.exec('BEGIN IMMEDIATE')
  const finding = Array.from({ length: 20 }, (_, index) => say(engine, 'lost', `k${index}`))
  await new Promise(setImmediate)
  finding.push(say(engine, 'lost', 'k'))
  await within(textsIn(engine), { what: 'a page, while it is found out', ms: 1_000 })
  t.same(await within(outcomes(finding), FOUND_OUT), ['nothing'])
  await within(goesOn(t, engine), AT_ONCE)
  other.exec('ROLLBACK')
  await isBack(t, parts)
})

t.test('[C200] a lock that is short delays a publish, and no more', async (t) => {
  const { engine, folder } = await scene(t)
  const other = new DatabaseSync(`${folder}/usher.db`)
  t.teardown(() => other.close())
  other.exec('BEGIN IMMEDIATE')
  const said = say(engine, 'during')
  t.equal((await engine.log.head('chat:1')).offset, 1)
  other.exec('ROLLBACK')
  t.match(await said, { position: { offset: 2 } })
  t.same(engine.health(), { ready: true })
})

for (const gone of ['data', 'data/usher.db', 'data/usher.db-wal']) {
  t.test(`[C200] nothing is acknowledged while ${gone} is gone`, async (t) => {
    const parts = await scene(t)
    const { engine } = parts
    const path = `${t.testdirName}/${gone}`
    renameSync(path, `${path}.away`)
    await until(() => !engine.health().ready)
    await within(goesOn(t, engine), AT_ONCE)
    t.match(engine.health(), { reason: /is gone: put it back/ })
    renameSync(`${path}.away`, path)
    await isBack(t, parts)
  })
}
