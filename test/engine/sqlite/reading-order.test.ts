// In which order pages and everything else are read: no client's pages keep the others from theirs,
// or anyone from a session.
import t, { type Test } from 'tap'
import type { PageAsker } from '../../../src/engine/message-log.ts'
import { openEngine } from '../../../src/engine/open-engine.ts'
import { type Holder, NO_HOLDER } from '../../../src/engine/shares.ts'
import { Refusal } from '../../../src/protocol/errors.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { draft } from '../../contract/support/samples.ts'
import { pageQuery } from '../../support/page-query.ts'

const KEPT = { messages: 1_000, ageMs: null }
const userOf = (name: string): Holder => ({ ...NO_HOLDER, user: `u_${name}` })

/** A store with a room of many messages, and what was answered of it in which order. */
async function scene(t: Test) {
  const folder = t.testdir({})
  const engine = await openEngine({ kind: 'sqlite', folder, lockWaitMs: 0 }, systemClock)
  t.teardown(() => engine.close())
  const { log } = engine
  const options = { retention: KEPT, key: null, holder: NO_HOLDER }
  const said = Array.from({ length: 500 }, () => log.append('chat:1', draft('x'), options))
  await Promise.all(said)
  const answered: string[] = []
  const read = async (holder: Holder, queue: PageAsker['queue'] = 'pages') => {
    await log.read('chat:1', pageQuery({ limit: 500, asker: { queue, holder } }))
    answered.push(`${queue} ${holder.user ?? holder.server}`)
  }
  const session = () =>
    engine.sessions.byId('s_none').then(() => {
      answered.push('session')
    })
  const before = (what: string) => answered.slice(0, answered.indexOf(what))
  return { log, read, session, before, shares: engine.shares }
}

t.test('with clients that hammer pages a session waits for one page at most', async (t) => {
  const { read, session, before } = await scene(t)
  const pages = ['a', 'b', 'c', 'd', 'e'].flatMap((name) =>
    Array.from({ length: 20 }, () => read(userOf(name))),
  )
  await new Promise(setImmediate)
  await session()
  t.ok(before('session').length <= 1, `after ${before('session').length} pages`)
  await Promise.all(pages)
})

t.test('pages take turns by user: one page does not wait for all of another user', async (t) => {
  const { read, before } = await scene(t)
  const many = Array.from({ length: 50 }, () => read(userOf('many')))
  await Promise.all([...many, read(userOf('one')), read({ ...NO_HOLDER, server: 'backend' })])
  t.ok(before('pages u_one').length <= 5, `after ${before('pages u_one').length} pages`)
  t.ok(before('pages backend').length <= 6, `after ${before('pages backend').length} pages`)
})

t.test('members that return do not wait for pages that are asked for', async (t) => {
  const { read, before } = await scene(t)
  const many = ['a', 'b', 'c'].flatMap((name) =>
    Array.from({ length: 30 }, () => read(userOf(name))),
  )
  await Promise.all([...many, read(userOf('a'), 'replays')])
  t.ok(before('replays u_a').length <= 5, `after ${before('replays u_a').length} pages`)
})

t.test('a page that is not wanted any more when its turn comes is not read', async (t) => {
  const { log, read, shares } = await scene(t)
  let isWanted = true
  const asker = { queue: 'replays', holder: userOf('gone'), isWanted: () => isWanted } as const
  const asked = Array.from({ length: 20 }, () => log.read('chat:1', pageQuery({ asker })))
  const answers = Promise.allSettled(asked)
  isWanted = false
  await read(userOf('one'), 'replays')
  const { length } = (await answers).filter(({ status }) => status === 'fulfilled')
  t.ok(length <= 2, `${length} pages were read`)
  t.equal(shares.held('replays'), 0)
})

t.test('a user may wait for a part of all pages, and server keys for the reserve', async (t) => {
  const { read, shares } = await scene(t)
  const asked = Array.from({ length: 100 }, () => read(userOf('many')).catch((error) => error))
  const refused = (await Promise.all(asked)).filter((answer) => answer instanceof Refusal)
  t.ok(refused.length > 0)
  for (const refusal of refused) {
    t.match(refusal, { limit: 'pagesAtOnce', reply: { status: 429, code: 111 } })
  }
  t.equal(shares.held('pages'), 0)
  const server = { ...NO_HOLDER, server: 'backend' }
  await Promise.all(Array.from({ length: 100 }, () => read(server)))
})
