// How durable this Redis is: how it syncs, and whether a replica may take over. Operators change
// both while nodes run, so it is asked again and again.
import type { Clock } from '../../time/clock.ts'
import type { Durability } from '../engine.ts'
import type { RedisLink } from './link.ts'
import { textOf } from './replies.ts'

/** Beside each time that the link is back. */
const LOOK_MS = 10_000

export interface RedisDurabilityParts {
  link: RedisLink
  clock: Clock
  /** Whether Sentinels name the primary. */
  isWatched: boolean
}

export class RedisDurability {
  readonly #link: RedisLink
  #synced: Durability = 'memory'
  /** For good: after a failover there may be no further replica, and yet something is lost. */
  #mayFailOver: boolean
  #isLooking = false
  readonly #stops: (() => void)[]

  constructor({ link, clock, isWatched }: RedisDurabilityParts) {
    this.#link = link
    this.#mayFailOver = isWatched
    const look = () => this.#lookAgain()
    const timer = clock.every(LOOK_MS, look)
    this.#stops = [() => timer.cancel(), link.onDoubt(look)]
  }

  /**
   * As it was found last. A replica that becomes the primary lacks what it had not been sent yet,
   * though that is on the disk of the former one.
   */
  get now(): Durability {
    return this.#synced === 'disk' && this.#mayFailOver ? 'second' : this.#synced
  }

  /** Rejects with EngineUnavailable, and keeps what it knows. */
  async look(): Promise<void> {
    const [synced, hasReplicas] = await Promise.all([
      syncedBy(this.#link),
      this.#mayFailOver || hasOrWasReplica(this.#link),
    ])
    this.#synced = synced
    this.#mayFailOver ||= hasReplicas
  }

  close(): void {
    for (const stop of this.#stops) stop()
  }

  #lookAgain(): void {
    if (this.#isLooking) return
    this.#isLooking = true
    this.look()
      .catch(() => {})
      .finally(() => {
        this.#isLooking = false
      })
  }
}

/** As its settings say; where it does not tell them, the least. */
async function syncedBy(link: RedisLink): Promise<Durability> {
  if (fieldIn(await infoOf(link, 'persistence'), 'aof_enabled') !== '1') return 'memory'
  const answer = await link.send('', ['CONFIG', 'GET', 'appendfsync']).catch(() => [])
  const [, fsync] = Array.isArray(answer) ? answer.map(textOf) : []
  return fsync === 'always' ? 'disk' : 'second'
}

async function hasOrWasReplica(link: RedisLink): Promise<boolean> {
  const replication = await infoOf(link, 'replication')
  if (fieldIn(replication, 'connected_slaves') !== '0') return true
  if (fieldIn(replication, 'second_repl_offset') !== '-1') return true
  if (fieldIn(await infoOf(link, 'cluster'), 'cluster_enabled') !== '1') return false
  // Who has no slots is a replica, also one that is down or belongs to another primary.
  const cluster = textOf(await link.send('', ['CLUSTER', 'INFO'])) ?? ''
  return fieldIn(cluster, 'cluster_known_nodes') !== fieldIn(cluster, 'cluster_size')
}

export async function infoOf(link: RedisLink, section: string): Promise<string> {
  return textOf(await link.send('', ['INFO', section])) ?? ''
}

export function fieldIn(info: string, field: string): string {
  return new RegExp(`^${field}:(\\S+)`, 'm').exec(info)?.[1] ?? ''
}
