// A process that creates accounts until there is no room: node fill-disk.ts <folder>
// Prints "full" and its health. After a line on stdin it waits until it is ready, and prints its
// health and whether all that was acknowledged is there.
import { once } from 'node:events'
import { EngineUnavailable } from '../../../../src/engine/engine.ts'
import { openEngine } from '../../../../src/engine/open-engine.ts'
import { systemClock } from '../../../../src/time/system-clock.ts'
import { account } from '../../../contract/support/samples.ts'
import { until } from '../../../support/until.ts'

const [folder = ''] = process.argv.slice(2)
const engine = await openEngine({ kind: 'sqlite', folder, lockWaitMs: 0 }, systemClock)
const acknowledged: string[] = []

async function create(): Promise<void> {
  const big = account({ password: 'x'.repeat(4_000) })
  await engine.accounts.create(big)
  acknowledged.push(big.user)
}

async function createUntilFull(): Promise<void> {
  try {
    for (;;) await create()
  } catch (error) {
    if (!(error instanceof EngineUnavailable)) throw error
  }
}

async function isThere(user: string): Promise<boolean> {
  return (await engine.accounts.byUser(user)) !== null
}

await createUntilFull()
console.log('full', JSON.stringify(engine.health()))
await once(process.stdin, 'data')
await until(() => engine.health().ready)
await create()
console.log('again', JSON.stringify(engine.health()))
const found = await Promise.all(acknowledged.map(isThere))
console.log(found.every(Boolean) ? 'all there' : 'some lost')
await engine.close()
process.stdin.destroy()
