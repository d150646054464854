// Nodes that keep logs on a Redis which a test kills, and whose links it cuts.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { boundsOf } from '../../../src/engine/bounds.ts'
import { createMemoryShares } from '../../../src/engine/memory/shares.ts'
import type { AppendOptions } from '../../../src/engine/message-log.ts'
import { Keys } from '../../../src/engine/redis/keys.ts'
import { RedisLog } from '../../../src/engine/redis/log.ts'
import { SingleLink } from '../../../src/engine/redis/single-link.ts'
import { NO_HOLDER } from '../../../src/engine/shares.ts'
import { DEFAULT_LIMITS } from '../../../src/protocol/limits.ts'
import { systemRandom } from '../../../src/time/random.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { Listener } from '../../contract/support/listener.ts'
import { draft } from '../../contract/support/samples.ts'
import { pageQuery } from '../../support/page-query.ts'
import type { RedisServer } from '../../support/redis-server.ts'
import { until } from '../../support/until.ts'
import { FaultyLink } from './faulty-link.ts'

export const KEPT: AppendOptions = {
  ...{ retention: { messages: 1_000, ageMs: null }, key: null, holder: NO_HOLDER },
}
let services = 0

export interface LogNode {
  keys: Keys
  log: RedisLog
  link: FaultyLink
  listener: Listener
  say(...texts: string[]): Promise<void>
  shown(): Promise<string[]>
}

async function openNode(redis: RedisServer, t: Test, isLossless: boolean): Promise<LogNode> {
  const inner = new SingleLink({ url: redis.url, clock: systemClock, random: systemRandom })
  await inner.open()
  const link = new FaultyLink(inner)
  const shares = createMemoryShares(boundsOf(DEFAULT_LIMITS), systemClock)
  const keys = new Keys(`t${services}:`)
  const log = new RedisLog({ link, keys, clock: systemClock, shares, isLossless: () => isLossless })
  await log.open()
  t.teardown(async () => {
    log.close()
    await link.close()
  })
  return {
    ...{ log, link, keys, listener: new Listener() },
    async say(...texts) {
      for (const text of texts) await log.append('chat:1', draft(text), KEPT)
    },
    async shown() {
      const { messages } = await log.read('chat:1', pageQuery())
      return messages.map(({ payload }) => payload.toString())
    },
  }
}

/** Two of one service. */
export async function openLogNodes(
  redis: RedisServer,
  t: Test,
  isLossless: boolean,
): Promise<[LogNode, LogNode]> {
  services += 1
  return [await openNode(redis, t, isLossless), await openNode(redis, t, isLossless)]
}

export async function isBack(nodes: readonly LogNode[]): Promise<void> {
  await until(() => nodes.every(({ link }) => link.away === null), { what: 'the links are back' })
}

/** The file in which Redis notes each write, and its size. */
export async function writesIn(redis: RedisServer): Promise<{ file: string; size: number }> {
  const folder = join(redis.folder, 'appendonlydir')
  const name = (await readdir(folder)).find((each) => each.endsWith('.incr.aof')) ?? ''
  const file = join(folder, name)
  return { file, size: (await stat(file)).size }
}
