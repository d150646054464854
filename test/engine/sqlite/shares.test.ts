// The shares of the embedded engine keep the contract: one node, so the same twice.
import t from 'tap'
import { openEngine } from '../../../src/engine/open-engine.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { sharesContract } from '../../contract/shares.ts'
import { boundsWithin } from '../../support/memory-shares.ts'

sharesContract(t, async (t, rows) => {
  const bounds = { ...boundsWithin(), ...rows }
  const engine = await openEngine({ kind: 'memory' }, systemClock, bounds)
  t.teardown(() => engine.close())
  return {
    shares: [engine.shares, engine.shares],
    told: async () => {},
    elapsed: systemClock.elapsed,
  }
})
