// In development the root secret is made once and kept in the data folder, so that users stay
// logged in over a restart. In production it must come from the environment.
import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder } from '../engine/data-folder.ts'

const FILE = 'secret'
const SECRET_BYTES = 32

/** Reads the folder's secret; the first caller makes it, readable by its owner alone. */
export function secretIn(folder: string): string {
  makeFolder(folder)
  const path = join(folder, FILE)
  try {
    writeWhole(path, passingSecret())
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return readFileSync(path, 'utf8').trim()
}

/** Writes the whole file or none: half a secret could be guessed. */
function writeWhole(path: string, text: string): void {
  const draft = `${path}.${randomBytes(8).toString('hex')}`
  writeFileSync(draft, text, { flag: 'wx', mode: 0o600 })
  try {
    linkSync(draft, path)
  } finally {
    rmSync(draft)
  }
}

/** A secret that lives as long as the process, for a store in memory. */
export function passingSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url')
}
