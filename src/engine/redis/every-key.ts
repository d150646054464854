// All keys of a service, on every primary. For commands alone: it takes Redis much time.
import { SLOTS, slotOf } from './cluster-ranges.ts'
import type { Keys } from './keys.ts'
import type { RedisLink, Reply } from './link.ts'

const AT_ONCE = '1000'

/** By their names after the prefix, some at a time; one may come twice. */
export async function* everyKey(link: RedisLink, keys: Keys): AsyncGenerator<string[]> {
  const prefix = keys.shared('')
  const pattern = `${prefix.replace(/[*?[\]\\]/g, '\\$&')}*`
  for (const key of primariesOf(link).values()) {
    let cursor = '0'
    do {
      const scan = ['SCAN', cursor, 'MATCH', pattern, 'COUNT', AT_ONCE] as const
      const [next, found] = (await link.send(key, scan)) as [Reply, Reply[]]
      yield found.map((name) => String(name).slice(prefix.length))
      cursor = String(next)
    } while (cursor !== '0')
  }
}

/** By the run of each primary a key that it has. Throws EngineUnavailable where one is away. */
export function primariesOf(link: RedisLink): Map<string, string> {
  const primaries = new Map<string, string>()
  keyOfSlot ??= oneKeyOfEachSlot()
  for (const key of keyOfSlot) {
    const run = link.runOf(key)
    if (!primaries.has(run)) primaries.set(run, key)
  }
  return primaries
}

let keyOfSlot: readonly string[] | null = null

function oneKeyOfEachSlot(): readonly string[] {
  const bySlot = new Map<number, string>()
  for (let number = 0; bySlot.size < SLOTS; number += 1) {
    const slot = slotOf(String(number))
    if (!bySlot.has(slot)) bySlot.set(slot, String(number))
  }
  return [...bySlot.values()]
}
