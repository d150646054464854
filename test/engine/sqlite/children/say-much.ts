// A process that publishes many messages in two rooms and ends: node say-much.ts <folder>
// Writes each acknowledged message into the file `acks` of the folder, a line each: offset, time,
// room and number. `sayings.ts` has the message of each number.
import { openSync, writeSync } from 'node:fs'
import { openEngine } from '../../../../src/engine/open-engine.ts'
import { NO_HOLDER } from '../../../../src/engine/shares.ts'
import { systemClock } from '../../../../src/time/system-clock.ts'
import { AT_ONCE, SAYINGS, saying } from './sayings.ts'

const [folder = ''] = process.argv.slice(2)
const engine = await openEngine({ kind: 'sqlite', folder, lockWaitMs: 0 }, systemClock)
const acks = openSync(`${folder}/acks`, 'a')
let said = 0

async function sayOn(): Promise<void> {
  while (said < SAYINGS) {
    const number = said
    said += 1
    const { room, draft, retention, key } = saying(number)
    const { position, time } = await engine.log.append(room, draft, {
      retention,
      key,
      holder: NO_HOLDER,
    })
    writeSync(acks, `${position?.offset} ${time} ${room} ${number}\n`)
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, sayOn))
await engine.close()
