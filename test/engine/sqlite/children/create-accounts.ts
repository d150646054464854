// A process that creates accounts without end: node create-accounts.ts <folder>
// Prints each user as soon as its account was acknowledged.
import { openEngine } from '../../../../src/engine/open-engine.ts'
import { systemClock } from '../../../../src/time/system-clock.ts'
import { account } from '../../../contract/support/samples.ts'

const [folder = ''] = process.argv.slice(2)
const { accounts } = await openEngine({ kind: 'sqlite', folder, lockWaitMs: 0 }, systemClock)

async function createForEver(): Promise<never> {
  for (;;) {
    const next = account()
    await accounts.create(next)
    console.log(next.user)
  }
}

await Promise.all(Array.from({ length: 20 }, createForEver))
