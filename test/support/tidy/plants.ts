// Small trees made up to break each habit, since a check that never fails proves nothing.
import type { Habit } from './checks.ts'
import type { TreeFile } from './tree.ts'

interface Plant {
  habit: Habit
  /** Path to text; the violation must be found at `at`. */
  tree: Record<string, string>
  at: string
}

export function treeOf(texts: Record<string, string>): TreeFile[] {
  return Object.entries(texts).map(([path, text]) => ({ path, text }))
}

const lines = (count: number, line = 'go()') => `${line}\n`.repeat(count)
const file = (habit: Habit, path: string, text: string, line = 1): Plant => {
  return { habit, tree: { [path]: text }, at: `${path}:${line}` }
}

const LONG_FUNCTION = `function f() {\n${lines(49)}}\n`
const DEEP = 'if (a) {\n for (;;) {\n  try {\n   while (b) {\n   }\n  } catch {}\n }\n}\n'
const LONG_TEST = `suite(() => {\n test('a', () => {\n${lines(49)} })\n})\n`

const sizes: Plant[] = [
  file('a file has at most 300 lines', 'src/room/room.ts', lines(301), 301),
  file('a line has at most 100 columns', 'src/room/room.ts', `\n// ${'x'.repeat(98)}\n`, 2),
  file('a line has at most 100 columns', 'public/page.css', `/* ${'x'.repeat(98)} */`),
  file('a line has at most 100 columns', 'docs/protocol.md', 'word '.repeat(30)),
  file('a function has at most 50 lines', 'src/room/room.ts', LONG_FUNCTION),
  file('a function has at most 50 lines', 'bench/run.js', `\nconst f = () => {\n${lines(49)}}`, 2),
  file('a function has at most 50 lines', 'public/page.js', `class A {\n f() {\n${lines(49)}}}`, 2),
  file('a function has at most 50 lines', 'test/contract/log.ts', LONG_TEST, 2),
  file('statements nest at most 3 deep', 'scripts/run.ts', DEEP, 4),
  file('statements nest at most 3 deep', 'src/room/room.ts', `const f = () => {\n${DEEP}}\n`, 5),
]

const imports = (path: string, target: string, how = 'import'): Plant =>
  file('imports follow the table of the house', path, `\n${how} { a } from '${target}'\n`, 2)

const houses: Plant[] = [
  imports('src/protocol/message.ts', '../time/clock.ts', 'import type'),
  imports('src/time/clock.ts', '../protocol/message.ts', 'import type'),
  imports('src/wire/raw.ts', '../room/room.ts'),
  imports('src/engine/redis.ts', '../wire/frame.ts'),
  imports('src/identity/ticket.ts', '../engine/open-engine.ts'),
  imports('src/room/fan-out/fan-out.ts', '../../wire/raw.ts'),
  imports('src/room/room.ts', '../connection/connection.ts', 'import type'),
  imports('src/connection/commands/publish.ts', '../../engine/sqlite/engine.ts', 'import type'),
  imports('src/config/environment.ts', '../engine/engine.ts'),
  imports('plugins/rooms.ts', '../routes/rooms.ts'),
  imports('plugins/rooms.ts', '../src/app.ts', 'export'),
  imports('routes/rooms.ts', '../src/room/room.ts'),
  imports('routes/rooms.ts', '../plugins/rooms.ts'),
  imports('src/room/room.ts', '../../test/support/clock.ts'),
  file('imports follow the table of the house', 'src/wire/sse.ts', "import('../room/room.ts')"),
  file('imports follow the table of the house', 'src/lobby/lobby.ts', '// A new folder.'),
]

const circles: Plant[] = [
  {
    habit: 'imports never run in a circle',
    tree: {
      'src/room/room.ts': "import { a } from './member.ts'",
      'src/room/member.ts': "import { b } from './history.ts'",
      'src/room/history.ts': "\nimport type { Room } from './room.ts'",
    },
    at: 'src/room/history.ts:2',
  },
]

const ENVIRONMENT = 'only the config reads the environment'
const TIME = 'only src/time knows time and chance'

const borders: Plant[] = [
  ...['fastify', '@fastify/websocket', 'ws', 'fastify-plugin'].map((name) =>
    file('folders of src/ know no web framework', 'src/room/room.ts', `import a from '${name}'`),
  ),
  ...['node:sqlite', 'ioredis', 'redis'].map((name) =>
    file('only src/engine knows databases', 'src/room/history.ts', `import a from '${name}'`),
  ),
  file('only src/engine knows databases', 'plugins/engine.ts', "import 'ioredis'"),
  file(ENVIRONMENT, 'plugins/auth.ts', '\nconst port = process.env.PORT', 2),
  file(ENVIRONMENT, 'src/server.ts', "import { env } from 'node:process'"),
  ...['Date.now()', 'new Date()', 'setTimeout(f)', 'setInterval(f)', 'setImmediate(f)'].map(
    (call) => file(TIME, 'src/room/room.ts', call),
  ),
  file(TIME, 'src/engine/redis.ts', 'const at = Math.random()'),
  file(TIME, 'src/engine/redis.ts', 'const now = performance.now'),
  file(TIME, 'src/connection/connection.ts', "import { setTimeout } from 'node:timers/promises'"),
]

const exported: Plant[] = [
  file('src/ exports by name', 'src/room/room.ts', '\nexport default class {}', 2),
  file('src/ exports by name', 'src/app.ts', 'const a = 1\nexport { a as default }', 2),
  file('no file only re-exports', 'src/room/rooms.ts', "export { Room } from './room.ts'"),
  file('no file only re-exports', 'plugins/all.ts', "import a from './a.ts'\nexport { a }"),
  file('no file only re-exports', 'src/room/rooms.ts', "const a = 1\nexport * from './room.ts'", 2),
  file('no class extends anything but Error', 'src/room/room.ts', 'class Room extends Emitter {}'),
  file('no class extends anything but Error', 'src/a/a.ts', 'f(class extends a.Error {})'),
  file('types leave no code behind', 'src/room/room.ts', '\nenum Kind { Text }', 2),
  file('types leave no code behind', 'src/room/room.ts', 'namespace Room { export const a = 1 }'),
  file(
    'types leave no code behind',
    'src/a/a.ts',
    'class A {\n constructor(readonly b: B) {}\n}',
    2,
  ),
]

const names: Plant[] = [
  file('names say something', 'src/room/room-utils.ts', ''),
  file('names say something', 'test/helpers/clock.ts', ''),
  file('names say something', 'src/room/room.ts', '\nexport class RoomManager {}', 2),
  file('names say something', 'src/room/room.ts', 'const a = 1\nexport { a as baseRoom }', 2),
  file('names come from the glossary', 'src/room/subscriber.ts', ''),
  file('names come from the glossary', 'src/room/room.ts', 'export const openChannels = 1'),
  file('names come from the glossary', 'src/wire/raw.ts', 'export type RawCodec = 1'),
]

const signposts: Plant[] = [
  {
    habit: 'a short README stands in each folder',
    tree: { 'src/README.md': '', 'src/room/room.ts': '' },
    at: 'src/room/README.md:1',
  },
  file('a short README stands in each folder', 'docs/README.md', lines(16), 16),
  file('a file opens with a comment', 'plugins/rooms.ts', "import a from 'a'\n// Late.\n"),
]

export const PLANTED = [
  ...sizes,
  ...houses,
  ...circles,
  ...borders,
  ...exported,
  ...names,
  ...signposts,
]
