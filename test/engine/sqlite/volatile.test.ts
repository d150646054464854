// SQLite in memory keeps the contract of every engine.
import t from 'tap'
import { openEngine } from '../../../src/engine/open-engine.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { engineContract } from '../../contract/engine.ts'
import { boundsWithin } from '../../support/memory-shares.ts'

engineContract(t, {
  openShared: async () => {
    const engine = await openEngine({ kind: 'memory' }, systemClock)
    return [engine, engine]
  },
  openWithin: async (_, limits) => {
    const engine = await openEngine({ kind: 'memory' }, systemClock, boundsWithin(limits))
    return [engine, engine]
  },
  lapse: null,
  cutOff: null,
})
