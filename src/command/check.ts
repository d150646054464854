// usher check: the settings that hold, the rules and the store, without a lock and without making
// or changing anything.
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Environment, lookAtEnvironment } from '../config/environment.ts'
import { EngineRefused, type EngineSettings } from '../engine/engine.ts'
import { factsOf } from '../engine/open-engine.ts'
import { rulesTable, settingsTable } from './settings-table.ts'

export interface Checked {
  report: string
  /** Sentences about what would stop the start. */
  wrongs: readonly string[]
}

const MEBIBYTE = 1_048_576

export function check(env?: Environment): Checked {
  const found = lookAtEnvironment(env)
  const { config } = found
  const store = storeSaid(config.engine)
  const parts = [
    ['Settings', ...settingsTable(found)],
    ['Rules', ...rulesTable(found)],
    ['Store', store.said],
    ...(config.warnings.length === 0 ? [] : [['Warnings', ...config.warnings]]),
  ]
  const report = parts.map(([title, ...lines]) => [title, ...lines.map(indented), ''].join('\n'))
  return { report: report.join('\n'), wrongs: [...found.wrongs, ...store.wrongs] }
}

const indented = (line: string): string => `  ${line}`

function storeSaid(settings: EngineSettings): { said: string; wrongs: string[] } {
  if (settings.kind === 'memory') return { said: 'in memory: nothing is kept', wrongs: [] }
  if (settings.kind === 'redis') {
    return { said: `Redis at ${new URL(settings.url).host}: not asked`, wrongs: [] }
  }
  const { folder } = settings
  const wrong = folderWrong(folder)
  if (wrong !== null) return { said: folder, wrongs: [wrong] }
  try {
    return { said: `${folder}: ${factsSaid(settings)}`, wrongs: [] }
  } catch (error) {
    if (!(error instanceof EngineRefused)) throw error
    return { said: folder, wrongs: [error.message] }
  }
}

function factsSaid(settings: EngineSettings): string {
  const facts = factsOf(settings)
  if (facts === null) return 'no store yet, the first start makes one'
  const { version, latest, bytes, rooms, accounts } = facts
  const later = version < latest ? ` (the next start makes it ${latest})` : ''
  const size = `${(bytes / MEBIBYTE).toFixed(1)} MiB`
  return `version ${version}${later}, ${size}, rooms: ${rooms}, accounts: ${accounts}`
}

/** Null where this user may write in the folder, or make it. */
function folderWrong(folder: string): string | null {
  try {
    let nearest = folder
    while (!existsSync(nearest)) nearest = dirname(nearest)
    if (!statSync(nearest).isDirectory()) {
      return `USHER_DATA: ${nearest} is no folder: name another one.`
    }
    accessSync(nearest, constants.W_OK | constants.X_OK)
    return null
  } catch (error) {
    const advice = 'name a folder in which this user may write, or run this as its owner'
    return `USHER_DATA: ${folder} cannot be written (${(error as Error).message}): ${advice}.`
  }
}
