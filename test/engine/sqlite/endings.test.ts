// What was ended stays ended: an acknowledged redaction, deletion (of a room too), log-out or ban
// survives a loss of power and kill -9. A torn tail of the log, which was acknowledged to none,
// shows nothing.
import { copyFileSync, mkdirSync, readFileSync, truncateSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { Engine } from '../../../src/engine/engine.ts'
import { openEngine } from '../../../src/engine/open-engine.ts'
import { NO_HOLDER } from '../../../src/engine/shares.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { draft } from '../../contract/support/samples.ts'
import { Dice } from '../../support/dice.ts'
import type { Call } from '../../support/disk/recording.ts'
import { pageQuery } from '../../support/page-query.ts'
import { until } from '../../support/until.ts'
import { startChild } from './child.ts'
import { linesOf, lose, recorded, told } from './losses.ts'

const SEED = 20_261_126
const LOSSES = 6
const KEPT = { messages: 1_000, ageMs: null }

function open(folder: string): Promise<Engine> {
  return openEngine({ kind: 'sqlite', folder, lockWaitMs: 10_000 }, systemClock)
}

/** Endings that were acknowledged and did not happen. */
async function undone(folder: string, acks: readonly string[]): Promise<string[]> {
  const engine = await open(folder)
  try {
    const { messages } = await engine.log.read('chat:1', pageQuery({ limit: 1_000 }))
    const isDone: Record<string, (what: string) => boolean | Promise<boolean>> = {
      redacted: (offset) => messages[Number(offset) - 1]?.redacted === true,
      deleted: async (room) => (await engine.log.head(room)).offset === 0,
      ended: async (session) => (await engine.sessions.byId(session)) === null,
      removed: async (user) => (await engine.accounts.byUser(user)) === null,
      banned: async (user) => (await engine.userStatus.of(user)).bannedAt === 1,
    }
    const wrongs: string[] = []
    for (const line of acks) {
      const [ending = '', ...what] = line.split(' ')
      if (!(await isDone[ending]?.(what.join(' ')))) wrongs.push(line)
    }
    return wrongs
  } finally {
    await engine.close()
  }
}

t.test('[C202] an acknowledged ending is there after a loss of power', async (t) => {
  const calls = await recorded(t, 'end-much.ts')
  const loseSome = (calls: readonly Call[]) => {
    const dice = new Dice(SEED, 0)
    const moments = Array.from({ length: LOSSES }, () => dice.below(calls.length))
    return lose(t, calls, { moments: moments.toSorted((a, b) => a - b), seed: SEED, check: undone })
  }
  const losses = await loseSome(calls)
  t.same(told(losses), [])
  t.ok(
    losses.some(({ acknowledged }) => acknowledged > 160),
    'some in the second life',
  )
  const isKept = ({ call, name }: Call) => call !== 'sync' || name !== 'usher.db-wal'
  const noticed = told(await loseSome(calls.filter(isKept)))
  t.ok(noticed.length > 1, 'it would notice if the log were not synced')
})

t.test('[C202] an acknowledged ending is there after kill -9', async (t) => {
  const folder = t.testdir({})
  const child = startChild(t, ['end-much.ts', folder])
  const acks = () => linesOf(readFileSync(`${folder}/acks`, { encoding: 'utf8', flag: 'a+' }))
  await until(() => acks().length > 100)
  await child.kill()
  t.same(await undone(folder, acks()), [])
})

t.test('[C94] a torn tail of the log, which was not acknowledged, is not shown', async (t) => {
  const folder = t.testdir({ store: {} })
  const live = await open(`${folder}/store`)
  t.teardown(() => live.close())
  const say = (text: string) =>
    live.log.append('chat:1', draft(text), { retention: KEPT, key: null, holder: NO_HOLDER })
  const wal = `${folder}/store/usher.db-wal`
  await say('acknowledged')
  const safe = readFileSync(wal).length
  await say('torn '.repeat(4_000))
  const whole = readFileSync(wal).length
  t.ok(whole > safe + 4 * 4_096, 'it fills several frames')
  for (const [index, cut] of cuts(safe, whole).entries()) {
    const copy = `${folder}/${index}`
    mkdirSync(copy)
    for (const file of ['usher.db', 'usher.db-wal']) {
      copyFileSync(`${folder}/store/${file}`, `${copy}/${file}`)
    }
    truncateSync(`${copy}/usher.db-wal`, cut)
    await showsOne(t, copy)
  }
})

/** Right before its end, in the middle of a frame, and after its first frames. */
function cuts(safe: number, whole: number): number[] {
  return [whole - 1, safe + 3 * 4_120 + 100, safe + 2 * 4_120]
}

async function showsOne(t: Test, folder: string): Promise<void> {
  const engine = await open(folder)
  try {
    const { head, messages } = await engine.log.read('chat:1', pageQuery())
    t.equal(head.offset, 1)
    t.same(
      messages.map(({ payload }) => String(payload)),
      ['acknowledged'],
    )
    const options = { retention: KEPT, key: null, holder: NO_HOLDER }
    t.match(await engine.log.append('chat:1', draft('next'), options), { position: { offset: 2 } })
  } finally {
    await engine.close()
  }
}
