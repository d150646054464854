// Opens the engine that the settings name. The only file that knows them all.
import type { Clock } from '../time/clock.ts'
import type { Engine, EngineSettings } from './engine.ts'
import { openSqlite } from './sqlite/engine.ts'

type Opener = (settings: EngineSettings, clock: Clock) => Promise<Engine>

const OPENERS: Record<EngineSettings['kind'], Opener> = {
  sqlite: openSqlite,
  memory: openSqlite,
}

/**
 * Opens what `settings.kind` names.
 * @throws EngineRefused with a sentence that says what to do; boot must stop
 */
export function openEngine(settings: EngineSettings, clock: Clock): Promise<Engine> {
  return OPENERS[settings.kind](settings, clock)
}
