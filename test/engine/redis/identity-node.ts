// One node's accounts, sessions, tickets, user status and attempts, over a link that a test can
// break.
import type { Test } from 'tap'
import { boundsOf } from '../../../src/engine/bounds.ts'
import { EngineUnavailable } from '../../../src/engine/engine.ts'
import { createMemoryShares } from '../../../src/engine/memory/shares.ts'
import {
  type IdentityParts,
  type RedisIdentity,
  redisIdentity,
} from '../../../src/engine/redis/identity.ts'
import { Keys } from '../../../src/engine/redis/keys.ts'
import type { Argument, OnDoubt, RedisLink, Reply } from '../../../src/engine/redis/link.ts'
import type { Script } from '../../../src/engine/redis/scripts.ts'
import { SingleLink } from '../../../src/engine/redis/single-link.ts'
import type { Shares } from '../../../src/engine/shares.ts'
import { DEFAULT_LIMITS } from '../../../src/protocol/limits.ts'
import { systemRandom } from '../../../src/time/random.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import type { RedisServer } from '../../support/redis-server.ts'

export interface IdentityNode extends RedisIdentity {
  link: BreakableLink
  keys: Keys
  shares: Shares
}

/** A link on which the commands about some keys fail, without having reached Redis. */
export class BreakableLink implements RedisLink {
  broken: RegExp | null = null
  /** Called before a command, or a script as EVALSHA, is sent about a key: it may hold that up. */
  before: ((key: string, command: string) => Promise<void> | void) | null = null
  /** Commands that were sent. */
  sent = 0
  readonly #link: SingleLink

  constructor(link: SingleLink) {
    this.#link = link
  }

  get away(): string | null {
    return this.#link.away
  }

  get waiting(): number {
    return this.#link.waiting
  }

  async send(key: string, command: readonly [string, ...Argument[]]): Promise<Reply> {
    await this.#check(key, command[0])
    return await this.#link.send(key, command)
  }

  async run(
    script: Script,
    keys: readonly [string, ...string[]],
    args: readonly Argument[],
  ): Promise<Reply> {
    await this.#check(keys[0], 'EVALSHA')
    return await this.#link.run(script, keys, args)
  }

  runOf(key: string): string {
    return this.#link.runOf(key)
  }

  subscribe(channel: string, onMessage: (message: Buffer) => void): Promise<void> {
    return this.#link.subscribe(channel, onMessage)
  }

  unsubscribe(channel: string): void {
    this.#link.unsubscribe(channel)
  }

  onDoubt(onDoubt: OnDoubt): () => void {
    return this.#link.onDoubt(onDoubt)
  }

  close(): Promise<void> {
    return this.#link.close()
  }

  async #check(key: string, command: string): Promise<void> {
    this.sent += 1
    await this.before?.(key, command)
    if (this.broken?.test(key)) throw new EngineUnavailable('The test broke this link.')
  }
}

let prefixes = 0

/** Opens nodes that share and hold nothing yet. */
export function identityNodes(
  redis: RedisServer,
  fields: Partial<IdentityParts> = {},
): (t: Test) => Promise<IdentityNode> {
  prefixes += 1
  const keys = new Keys(`t${prefixes}:`)
  return async (t) => {
    const own = { clock: systemClock, random: systemRandom }
    const single = new SingleLink({ url: redis.url, ...own })
    t.teardown(() => single.close())
    await single.open()
    const link = new BreakableLink(single)
    const shares = createMemoryShares(boundsOf(DEFAULT_LIMITS), systemClock)
    const parts = { ...own, link, keys, shares, messagesKeptMs: null, ...fields }
    const identity = await redisIdentity(parts)
    t.teardown(() => identity.stop())
    return { ...identity, link, keys, shares }
  }
}
