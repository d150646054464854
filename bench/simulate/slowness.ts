// How much longer this machine takes for a fixed piece of work than the one whose costs are known:
// small writes, and the hashing of what a handshake hashes, as a node and Redis do all the time.
import { hash } from 'node:crypto'
import { closeSync, openSync, writeSync } from 'node:fs'

/** CPU µs of a round on the machine of the costs. */
const KNOWN = 1
const ROUNDS = 200_000
const TRIES = 5
const BYTES = Buffer.alloc(100, 'x')

export function slowness(): number {
  return roundMicros() / KNOWN
}

/** The best of some tries, since other programs only make it slower. */
function roundMicros(): number {
  const file = openSync('/dev/null', 'w')
  const tries = Array.from({ length: TRIES }, () => {
    const before = process.cpuUsage()
    for (let round = 0; round < ROUNDS; round += 1) {
      writeSync(file, BYTES)
      hash('sha1', BYTES)
    }
    const { user, system } = process.cpuUsage(before)
    return (user + system) / ROUNDS
  })
  closeSync(file)
  return Math.min(...tries)
}
