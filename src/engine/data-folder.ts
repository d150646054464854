// Makes the data folder, for the process that opens it first.
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a folder with its parents, for its owner alone; one that is there stays as it is. Node's
 * own `recursive` never returns where the parent is there and answers ENOENT, as /proc does.
 * @throws NodeJS.ErrnoException where there can be no such folder
 */
export function makeFolder(folder: string): void {
  if (isFolder(folder)) return
  const parent = dirname(folder)
  if (!existsSync(parent) && parent !== folder) makeFolder(parent)
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    // Another process may have been faster.
    if (!isFolder(folder)) throw error
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
