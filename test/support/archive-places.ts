// Stores between which a service is moved, each in a folder of its own.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openArchiveSource, openArchiveTarget, openEngine } from '../../src/engine/open-engine.ts'
import { systemClock } from '../../src/time/system-clock.ts'
import type { Place } from '../contract/archive.ts'
import type { Teardown } from './program.ts'

export interface SqlitePlace extends Place {
  folder: string
  /** Where a copy of the store would be made. */
  copy: string
}

export async function sqlitePlace(t: Teardown): Promise<SqlitePlace> {
  const root = await mkdtemp(join(tmpdir(), 'usher-archive-'))
  t.teardown(() => rm(root, { recursive: true, force: true }))
  const folder = join(root, 'data')
  const settings = { kind: 'sqlite', folder, lockWaitMs: 0 } as const
  const copy = join(root, 'copy.db')
  return {
    ...{ folder, copy },
    open: () => openEngine(settings, systemClock),
    source: () => openArchiveSource(settings, copy, systemClock),
    target: () => openArchiveTarget(settings, systemClock),
  }
}

let prefixes = 0

export interface RedisPlace extends Place {
  prefix: string
}

/** Each at a prefix of its own. */
export function redisPlaceAt(url: string): () => Promise<RedisPlace> {
  return async () => {
    prefixes += 1
    const prefix = `usher:a${prefixes}:`
    const settings = { kind: 'redis', url, prefix } as const
    return {
      prefix,
      open: () => openEngine(settings, systemClock),
      source: () => openArchiveSource(settings, '', systemClock),
      target: () => openArchiveTarget(settings, systemClock),
    }
  }
}
