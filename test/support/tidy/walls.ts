// Who may import whom, as docs/ARCHITECTURE.md draws it.
import { importsOf } from './imports.ts'
import { type Check, isCode, isUnder, type TreeFile, violation } from './tree.ts'

interface Wall {
  /** Beginnings of paths: a folder with its slash, or a file. */
  may: readonly string[]
  /** What may be imported with `import type` besides. */
  mayType?: readonly string[]
}

const WIRE_PORT = 'src/wire/wire-format.ts'
const ENGINE_PORTS = [
  'archive',
  'attempt-store',
  'bounds',
  'engine',
  'identity-store',
  'message-log',
  'presence-store',
  'receipt-store',
  'shares',
  'shared-work',
  'uplinks',
  'user-status-store',
].map((port) => `src/engine/${port}.ts`)
const OPERATOR_SOCKET = 'src/command/operator-socket.ts'
const DATA_FOLDER = 'src/engine/data-folder.ts'
const OPENER = 'src/engine/open-engine.ts'
const WORDS = ['src/protocol/', 'src/time/']

const FOLDERS: Record<string, Wall> = {
  'src/protocol/': { may: [] },
  'src/time/': { may: [] },
  'src/wire/': { may: WORDS },
  'src/engine/': { may: WORDS },
  'src/identity/': { may: [...WORDS, ...ENGINE_PORTS] },
  'src/room/': { may: [...WORDS, ...ENGINE_PORTS, WIRE_PORT] },
  'src/connection/': { may: [...WORDS, 'src/room/', 'src/identity/', ...ENGINE_PORTS, WIRE_PORT] },
}

const SOURCES = Object.keys(FOLDERS)

const WALLS: Record<string, Wall> = {
  ...FOLDERS,
  'src/config/': {
    may: ['src/protocol/', 'src/room/rule.ts', DATA_FOLDER],
    mayType: ['src/engine/engine.ts', 'src/identity/settings.ts'],
  },
  'src/command/': {
    may: [...WORDS, 'src/config/', 'src/identity/', 'src/room/rule.ts', ...ENGINE_PORTS, OPENER],
  },
  'plugins/': { may: [...SOURCES, 'src/config/', OPERATOR_SOCKET] },
  'routes/': { may: ['src/protocol/'], mayType: ['plugins/', ...SOURCES, 'src/config/'] },
}

const COMPOSITION = ['src/app.ts', 'src/cli.ts', 'src/server.ts', 'src/index.ts']

export const walls: Check = (files) =>
  files.filter(isWalled).flatMap((file) => {
    const row = Object.entries(WALLS).find(([start]) => file.path.startsWith(start))
    if (!row) return violation(file, 1, 'has no row in test/support/tidy/walls.ts: give it one')
    const [home, wall] = row
    return importsOf(file)
      .filter(({ isOurs, target }) => isOurs && !target.startsWith(home))
      .filter(({ isType, target }) => !isAllowed(wall, target, isType))
      .map(({ line, target }) => violation(file, line, refusal(home, wall, target)))
  })

function isWalled(file: TreeFile): boolean {
  const isComposition = COMPOSITION.includes(file.path)
  return isCode(file) && isUnder(file, 'src', 'plugins', 'routes') && !isComposition
}

function isAllowed({ may, mayType = [] }: Wall, target: string, isType: boolean): boolean {
  const allowed = isType ? [...may, ...mayType] : may
  return allowed.some((start) => target.startsWith(start))
}

function refusal(home: string, { may, mayType = [] }: Wall, target: string): string {
  const types = mayType.length ? `, and types of ${mayType.join(', ')}` : ''
  return `imports ${target}, but ${home} may import only ${may.join(', ') || 'itself'}${types}`
}
