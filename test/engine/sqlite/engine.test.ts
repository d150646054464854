// SQLite in a folder keeps the contract of every engine.
import t from 'tap'
import { openEngine } from '../../../src/engine/open-engine.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { engineContract } from '../../contract/engine.ts'

const root = t.testdir({})
let folders = 0

engineContract(t, () => {
  folders += 1
  return openEngine({ kind: 'sqlite', folder: `${root}/${folders}`, lockWaitMs: 0 }, systemClock)
})
