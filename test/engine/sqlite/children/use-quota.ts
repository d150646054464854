// A process that uses 900 bytes of a user's quota of the day and stays: node use-quota.ts <folder>
import { boundsOf } from '../../../../src/engine/bounds.ts'
import { openEngine } from '../../../../src/engine/open-engine.ts'
import { DEFAULT_LIMITS } from '../../../../src/protocol/limits.ts'
import { systemClock } from '../../../../src/time/system-clock.ts'
import { draft } from '../../../contract/support/samples.ts'
import { ANN } from '../../../contract/support/shares.ts'

const [folder = ''] = process.argv.slice(2)
const bounds = boundsOf({ ...DEFAULT_LIMITS, storedBytesPerDayPerUser: 1_000 })
const engine = await openEngine({ kind: 'sqlite', folder, lockWaitMs: 0 }, systemClock, bounds)
const retention = { messages: 100, ageMs: null }
for (let said = 0; said < 9; said += 1) {
  const options = { retention, key: null, holder: ANN }
  await engine.log.append('chat:1', draft('x'.repeat(100)), options)
}
console.log('used')
