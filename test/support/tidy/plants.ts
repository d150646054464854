// Small files made up to break each habit, since a check that never fails proves nothing.
import type { Habit } from './checks.ts'

/** A path, its text, and the line where the one violation must be found. */
type Plant = readonly [path: string, text: string, line?: number]

const lines = (count: number, line = 'go()') => `${line}\n`.repeat(count)
const DEEP = 'if (a) {\n for (;;) {\n  try {\n   while (b) {\n   }\n  } catch {}\n }\n}\n'
const ROOM = 'src/room/room.ts'

const imports = (path: string, target: string, how = 'import'): Plant => {
  return [path, `\n${how} { a } from '${target}'\n`, 2]
}

const WALLS: readonly Plant[] = [
  imports('src/protocol/message.ts', '../time/clock.ts', 'import type'),
  imports('src/time/clock.ts', '../protocol/message.ts', 'import type'),
  imports('src/wire/raw.ts', '../room/room.ts'),
  imports('src/engine/redis.ts', '../wire/frame.ts'),
  imports('src/identity/ticket.ts', '../engine/open-engine.ts'),
  imports('src/room/fan-out/fan-out.ts', '../../wire/raw.ts'),
  imports(ROOM, '../connection/connection.ts', 'import type'),
  imports('src/connection/commands/relay-frame.ts', '../../engine/sqlite/engine.ts', 'import type'),
  imports('src/config/environment.ts', '../engine/engine.ts'),
  imports('plugins/rooms.ts', '../routes/rooms.ts'),
  imports('plugins/rooms.ts', '../src/app.ts', 'export'),
  imports('routes/rooms.ts', '../src/room/room.ts'),
  imports('routes/rooms.ts', '../plugins/rooms.ts'),
  imports(ROOM, '../../test/support/clock.ts'),
  ['src/wire/sse.ts', "import('../room/room.ts')"],
  ['src/lobby/lobby.ts', '// A new folder.'],
]

const CALLS = ['Date.now()', 'new Date()', 'setTimeout(f)', 'setInterval(f)', 'setImmediate(f)']

export const PLANTS: Record<Habit, readonly Plant[]> = {
  'a line has at most 100 columns': [
    [ROOM, `\n// ${'x'.repeat(98)}\n`, 2],
    ['public/page.css', `/* ${'x'.repeat(98)} */`],
    ['docs/protocol.md', 'word '.repeat(30)],
  ],
  'statements nest at most 3 deep': [
    ['scripts/run.ts', DEEP, 4],
    [ROOM, `const f = () => {\n${DEEP}}\n`, 5],
  ],
  'imports follow the table of folders': WALLS,
  'only src/time knows time and random': [
    ...CALLS.map((call): Plant => [ROOM, call]),
    ['src/engine/redis.ts', 'const at = Math.random()'],
    ['src/engine/redis.ts', 'const now = performance.now'],
    ['src/connection/connection.ts', "import { setTimeout } from 'node:timers/promises'"],
  ],
  'no file only re-exports': [
    ['src/room/rooms.ts', "export { Room } from './room.ts'"],
    ['src/room/types.ts', "export type { Room } from './room.ts'"],
    ['src/room/types.ts', "export const a = 1\nexport type * from './room.ts'"],
    ['plugins/all.ts', "import a from './a.ts'\nexport { a }"],
  ],
  'no class extends anything but Error': [
    [ROOM, 'class Room extends Emitter {}'],
    ['src/a/a.ts', 'f(class extends a.Error {})'],
  ],
  'names say something': [
    ['src/room/room-utils.ts', ''],
    ['test/helpers/clock.ts', ''],
    [ROOM, '\nexport class RoomManager {}', 2],
    [ROOM, 'const a = 1\nexport { a as baseRoom }', 2],
  ],
  'names come from the glossary': [
    ['src/room/subscriber.ts', ''],
    [ROOM, 'export const openChannels = 1'],
    ['src/wire/raw.ts', 'export type RawCodec = 1'],
  ],
  'sentences name their thing': [
    [ROOM, 'go()\n/** Whoever joins. */', 2],
    ['public/page.js', 'go()\ngo() // Nobody hears it.', 2],
    ['test/room/room.test.ts', '// What is at\n// hand.'],
    ['scripts/run.ts', '/*\n * Hashing is dear.\n */', 2],
    ['docs/guide.md', 'It starts\nanew.', 2],
    ['README.md', 'The server lets\ngo of it.'],
  ],
  'files and types have no private names': [
    ['src/time/chance.ts', ''],
    ['test/embedding/doors.test.ts', ''],
    [ROOM, '\nclass RoomSlots {}', 2],
    [ROOM, 'interface Bucket {}'],
    ['plugins/rooms.ts', 'type UserStanding = 1'],
  ],
  'a short README stands in each folder': [['docs/README.md', lines(16), 16]],
  'a file opens with a comment': [['plugins/rooms.ts', "import a from 'a'\n// Late.\n"]],
}
