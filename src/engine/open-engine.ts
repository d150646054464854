// Opens the engine that the settings name. The only file that imports every engine.
import { DEFAULT_LIMITS } from '../protocol/limits.ts'
import type { Clock } from '../time/clock.ts'
import { type Bounds, boundsOf } from './bounds.ts'
import type { Engine, EngineSettings, OnWaiting } from './engine.ts'
import { openSqlite } from './sqlite/engine.ts'

interface Opening {
  onWaiting?: OnWaiting
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
}

/**
 * Opens the engine that `settings.kind` names. @throws EngineRefused with a sentence that says what
 * to do; boot must stop
 */
export function openEngine(
  settings: EngineSettings,
  clock: Clock,
  bounds: Bounds = boundsOf(DEFAULT_LIMITS),
  opening: Opening = {},
): Promise<Engine> {
  return OPENERS[settings.kind](settings, clock, bounds, opening)
}
