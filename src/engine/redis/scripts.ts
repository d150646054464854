// The scripts that Redis runs, each in a file of its own beside this one. Redis names a script by
// its SHA-1, and forgets all of them when it restarts.
import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'

export interface Script {
  readonly text: string
  readonly sha: string
}

/** Reads `scripts/<name>.lua`. Called while the module that uses the script is loaded. */
export function script(name: string): Script {
  const text = readFileSync(new URL(`scripts/${name}.lua`, import.meta.url), 'utf8')
  return { text, sha: hash('sha1', text) }
}
