// Makes the package that npm publishes.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from './run-command.ts'

export interface Packed {
  /** The tarball. */
  path: string
  bytes: number
  /** Paths of its files, from its own root. */
  files: string[]
}

/** Packs this repository into an empty folder. */
export function pack(folder: string): Packed {
  runCommand('npm', ['pack', '--pack-destination', folder])
  const [name = ''] = readdirSync(folder).filter((file) => file.endsWith('.tgz'))
  const path = join(folder, name)
  const lines = runCommand('tar', ['-tzf', path]).trim().split('\n')
  const files = lines.map((line) => line.replace(/^package\//, ''))
  return { path, bytes: statSync(path).size, files }
}
