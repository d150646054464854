// The two programs that tests run beside Node, and where they lie on this machine.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

export interface Program {
  title: string
  /** Any of these will do. */
  commands: readonly string[]
  /** Its name for apt-get. */
  debianPackage: string
}

export const PROGRAMS = {
  redis: { title: 'Redis', commands: ['redis-server'], debianPackage: 'redis-server' },
  chromium: {
    title: 'Chromium',
    commands: ['chromium', 'chromium-browser', 'google-chrome'],
    debianPackage: 'chromium',
  },
} as const satisfies Record<string, Program>

// Debian leaves the sbin folders out of the PATH of plain users.
const FURTHER_FOLDERS = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/local/sbin', '/usr/sbin']

/** The path of a program, or null where it is not installed. */
export function findProgram({ commands }: Program): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...FURTHER_FOLDERS]
  const paths = commands.flatMap((command) => folders.map((folder) => join(folder, command)))
  return paths.find(isExecutable) ?? null
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
