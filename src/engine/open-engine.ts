// Opens the engine that the settings name. The only file that imports every engine.
import { DEFAULT_LIMITS } from '../protocol/limits.ts'
import type { Clock } from '../time/clock.ts'
import { stayAwake } from '../time/stay-awake.ts'
import type { ArchiveSource, ArchiveTarget } from './archive.ts'
import { type Bounds, boundsOf } from './bounds.ts'
import {
  type Engine,
  EngineRefused,
  type EngineSettings,
  type OnWaiting,
  type RoomRules,
  type StoreFacts,
} from './engine.ts'
import { openSqliteSource } from './sqlite/archive-source.ts'
import { openSqliteTarget } from './sqlite/archive-target.ts'
import { backUp as backUpFolder } from './sqlite/backup.ts'
import { openSqlite } from './sqlite/engine.ts'
import { storeFacts } from './sqlite/store-facts.ts'

interface Opening {
  onWaiting?: OnWaiting
  /** What rooms keep, also those in which nothing is said any more. */
  rules?: RoomRules
}

type Opener = (
  settings: EngineSettings,
  clock: Clock,
  bounds: Bounds,
  opening: Opening,
) => Promise<Engine>

const OPENERS: Record<EngineSettings['kind'], Opener> = {
  sqlite: openSqlite,
  memory: openSqlite,
  // Its client library is large, and nothing of it is loaded where it is not used.
  redis: async (...opening) => (await import('./redis/engine.ts')).openRedis(...opening),
}

/**
 * Opens the engine that `settings.kind` names. @throws EngineRefused with a sentence that says what
 * to do; boot must stop
 */
export async function openEngine(
  settings: EngineSettings,
  clock: Clock,
  bounds: Bounds = boundsOf(DEFAULT_LIMITS),
  opening: Opening = {},
): Promise<Engine> {
  const sleepAgain = stayAwake()
  try {
    return await OPENERS[settings.kind](settings, clock, bounds, opening)
  } finally {
    sleepAgain()
  }
}

/**
 * Copies what the engine keeps to a new file, while its Usher runs or not. Resolves with the size
 * in bytes. @throws EngineRefused with a sentence that says what to do; no file is left then
 */
export async function backUp(settings: EngineSettings, file: string): Promise<number> {
  if (settings.kind === 'memory') {
    throw new EngineRefused('A store in memory cannot be backed up.')
  }
  if (settings.kind === 'redis') {
    throw new EngineRefused('What is kept on Redis is backed up by the means of Redis.')
  }
  return await backUpFolder({ folder: settings.folder, file })
}

/**
 * Opens what the engine keeps, to give it to another one. `copy` is a path for a copy of the store,
 * where its Usher runs. @throws EngineRefused with a sentence that says what to do
 */
export async function openArchiveSource(
  settings: EngineSettings,
  copy: string,
  clock: Clock,
): Promise<ArchiveSource> {
  switch (settings.kind) {
    case 'sqlite':
      return await openSqliteSource({ folder: settings.folder, copy, clock })
    case 'redis':
      return await (await import('./redis/archive-source.ts')).openRedisSource(settings, clock)
    case 'memory':
      throw new EngineRefused('A store in memory cannot be exported.')
  }
}

/**
 * Opens an empty store, to take what another one kept. @throws EngineRefused with a sentence that
 * says what to do
 */
export async function openArchiveTarget(
  settings: EngineSettings,
  clock: Clock,
): Promise<ArchiveTarget> {
  switch (settings.kind) {
    case 'sqlite':
      return await openSqliteTarget(settings.folder, clock)
    case 'redis':
      return await (await import('./redis/archive-target.ts')).openRedisTarget(settings, clock)
    case 'memory':
      throw new EngineRefused('A store in memory cannot be imported into.')
  }
}

/**
 * Looks at what the engine keeps, and changes nothing; null where there is nothing yet.
 * @throws EngineRefused where a start would be refused
 */
export function factsOf(settings: EngineSettings): StoreFacts | null {
  return settings.kind === 'sqlite' ? storeFacts(settings.folder) : null
}
