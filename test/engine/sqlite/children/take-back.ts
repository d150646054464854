// A process that redacts a user, deletes a room and does no more: node take-back.ts <folder>
// `taken.ts` says what it has published before. Prints "done" when both are acknowledged. Its clock
// stands still, so that no job has deleted anything.
import { openEngine } from '../../../../src/engine/open-engine.ts'
import { NO_HOLDER } from '../../../../src/engine/shares.ts'
import { draft } from '../../../contract/support/samples.ts'
import { ManualClock } from '../../../support/manual-clock.ts'
import { DELETED, KEPT, REDACTED, SAID, SECRET } from './taken.ts'

const [folder = ''] = process.argv.slice(2)
const { log } = await openEngine({ kind: 'sqlite', folder, lockWaitMs: 0 }, new ManualClock())

const append = (room: string, user: string) =>
  log.append(room, draft(SECRET, { user }), { retention: KEPT, key: null, holder: NO_HOLDER })

for (const room of [REDACTED, DELETED]) {
  await Promise.all(Array.from({ length: SAID }, async () => append(room, 'u_ada')))
  await append(room, 'u_bob')
}
await log.redactUser('u_ada')
await log.deleteRoom(DELETED)
console.log('done')
process.stdin.resume()
