// usher export FILE: writes all that a store of any engine must have, for `usher import`.
import { resolve } from 'node:path'
import { lookAtEnvironment } from '../config/environment.ts'
import { openArchiveSource } from '../engine/open-engine.ts'
import { systemClock } from '../time/system-clock.ts'
import type { Counts } from './archive-lines.ts'
import { writeArchive } from './archive-writer.ts'

const MEBIBYTE = 1_048_576
const RAN = `
Usher runs on that store: what is written from now on is not in the file, and rooms will have new
epochs where it is imported. For a move stop Usher first.`

/** Returns a sentence about the file. @throws EngineRefused or CommandFailed with what to do */
export async function exportStore(file: string): Promise<string> {
  const { settings, config } = lookAtEnvironment()
  const source = await openArchiveSource(config.engine, `${resolve(file)}.store`, systemClock)
  try {
    const { isAtRest } = source
    const store = config.engine.kind === 'sqlite' ? settings.data : source.name
    const { counts, bytes } = await writeArchive(file, { keepsEpochs: isAtRest }, source.entries())
    if (isAtRest) await source.handOver()
    const size = `${(bytes / MEBIBYTE).toFixed(1)} MiB`
    const said = `${file} holds the store of ${store}: ${countsSaid(counts)}, ${size}.`
    return isAtRest ? said : `${said}${RAN}`
  } finally {
    await source.close()
  }
}

export function countsSaid({ account, session, room, message }: Counts): string {
  return `accounts: ${account}, sessions: ${session}, rooms: ${room}, messages: ${message}`
}
