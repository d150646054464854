// SQLite in a folder keeps the contract of every engine, and promises of its own.
import t from 'tap'
import type { Retention } from '../../../src/engine/message-log.ts'
import { openEngine } from '../../../src/engine/open-engine.ts'
import { NO_HOLDER } from '../../../src/engine/shares.ts'
import type { Limits } from '../../../src/protocol/limits.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { engineContract } from '../../contract/engine.ts'
import { listen } from '../../contract/support/listener.ts'
import { draft } from '../../contract/support/samples.ts'
import { boundsWithin } from '../../support/memory-shares.ts'

const root = t.testdir({})
let folders = 0

function open(limits: Partial<Limits> = {}) {
  folders += 1
  const settings = { kind: 'sqlite', folder: `${root}/${folders}`, lockWaitMs: 0 } as const
  return openEngine(settings, systemClock, boundsWithin(limits))
}

engineContract(t, {
  openShared: async () => {
    const engine = await open()
    return [engine, engine]
  },
  openWithin: async (_, limits) => {
    const engine = await open(limits)
    return [engine, engine]
  },
  lapse: null,
  cutOff: null,
})

const KEPT: Retention = { messages: 1_000, ageMs: null }

for (const retention of [null, KEPT]) {
  const rooms = retention === null ? 'without history' : 'with history'
  t.test(`in rooms ${rooms} a member hears a message before its publisher`, async (t) => {
    const engine = await open()
    t.teardown(() => engine.close())
    const { listener } = await listen(engine, 'chat:1')
    for (const text of ['one', 'two', 'three']) {
      await engine.log.append('chat:1', draft(text), { retention, key: null, holder: NO_HOLDER })
      t.equal(listener.told.at(-1), text)
    }
    t.equal(listener.told.length, 3)
  })
}

t.test('a revocation has reached every follower when it is answered', async (t) => {
  const engine = await open()
  t.teardown(() => engine.close())
  const heard: unknown[] = []
  for (let each = 0; each < 2; each += 1) engine.revocations.follow((it) => heard.push(it))
  await engine.revocations.revoke({ user: 'u_1' })
  t.same(heard, [{ user: 'u_1' }, { user: 'u_1' }])
})
