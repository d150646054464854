// A process that moves receipts without end: node move-receipts.ts <folder>
// Prints each move as soon as it was acknowledged: user, room, delivered, read, whether private.
import { openEngine } from '../../../../src/engine/open-engine.ts'
import { systemClock } from '../../../../src/time/system-clock.ts'
import { move, publish, receiptsOf } from '../../../contract/support/receipts.ts'

const [folder = ''] = process.argv.slice(2)
const engine = await openEngine({ kind: 'sqlite', folder, lockWaitMs: 0 }, systemClock)
const ROOMS = ['chat:1', 'chat:2']

async function moveForEver(user: string, isPrivate: boolean): Promise<never> {
  for (;;) {
    for (const room of ROOMS) {
      const pair = await receiptsOf(engine).own(room, user)
      const read = (pair?.read ?? 0) + 1
      const moved = await move(engine, { user, name: null }, { room, read, isPrivate })
      console.log(JSON.stringify([user, room, moved.delivered, moved.read, isPrivate]))
    }
  }
}

async function publishForEver(room: string): Promise<never> {
  for (;;) await publish(engine, room, 1)
}

for (const room of ROOMS) await publish(engine, room, 1)
await Promise.all([
  ...ROOMS.map(publishForEver),
  ...Array.from({ length: 10 }, (_, i) => moveForEver(`u_${i}`, i % 2 === 0)),
])
