// SQLite in memory keeps the contract of every engine.
import t from 'tap'
import { openEngine } from '../../../src/engine/open-engine.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { engineContract } from '../../contract/engine.ts'

engineContract(t, {
  openShared: async () => {
    const engine = await openEngine({ kind: 'memory' }, systemClock)
    return [engine, engine]
  },
  lapse: null,
  cutOff: null,
})
