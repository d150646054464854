// usher backup FILE: copies the store to a file, while its Usher runs or not.
import { lookAtEnvironment } from '../config/environment.ts'
import { backUp } from '../engine/open-engine.ts'

const MEBIBYTE = 1_048_576

/**
 * Returns a sentence about the copy. @throws EngineRefused with a sentence that says what to do
 */
export async function backUpStore(file: string): Promise<string> {
  const { settings, config } = lookAtEnvironment()
  const bytes = await backUp(config.engine, file)
  return `${file} holds the store of ${settings.data}: ${(bytes / MEBIBYTE).toFixed(1)} MiB.`
}
