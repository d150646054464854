// usher import FILE: puts what `usher export` wrote into an empty store of the engine that the
// settings name.
import { lookAtEnvironment } from '../config/environment.ts'
import { openArchiveTarget } from '../engine/open-engine.ts'
import { systemClock } from '../time/system-clock.ts'
import { ArchiveReader, checkArchive } from './archive-reader.ts'
import { countsSaid } from './export.ts'
import { refuseForeign } from './foreign-folder.ts'

const KEPT = 'Epochs are kept: clients go on from where they were.'
const NEW = 'Rooms have new epochs: clients that come back load again.'

/** Returns a sentence about the store. @throws EngineRefused or CommandFailed with what to do */
export async function importStore(file: string): Promise<string> {
  const { settings, config } = lookAtEnvironment()
  if (config.engine.kind === 'sqlite') refuseForeign(config.engine.folder)
  const target = await openArchiveTarget(config.engine, systemClock)
  try {
    // All of it is looked at before anything is written.
    const { counts, ...origin } = await checkArchive(file)
    const reader = new ArchiveReader(file)
    const { keptEpochs } = await target.take(reader.entries(), origin).catch((error) => {
      throw reader.told(error)
    })
    const store = config.engine.kind === 'sqlite' ? settings.data : target.name
    const said = `${store} holds what was in ${file} now: ${countsSaid(counts)}.`
    return `${said}\n${keptEpochs ? KEPT : NEW}`
  } finally {
    await target.close()
  }
}
