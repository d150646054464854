// A tree that keeps every habit, close to where each check might cry wolf.
const signpost = 'What belongs here.\n'

const WIRE = `// Bytes that were 'process.env' and Date.now() in words only.
import type { Message } from '../protocol/message.ts'

declare module 'fastify' {
  interface FastifyInstance { raw: 1 }
}

export class RawRefusal extends Error {}
export const toBase64 = (message: Message) => new Date(message.time)
`

const DEEP_BUT_FINE = `// Each else-if continues its if, and a callback starts at the margin.
export function choose(a: number) {
  for (;;) {
    try {
      if (a === 1) return
      else if (a === 2) return
      else if (a === 3) call(() => { if (a) while (a) a-- })
    } finally {}
  }
}
`

export const CLEAN: Record<string, string> = {
  'src/README.md': signpost,
  'src/app.ts': "// Composition.\nimport './room/room.ts'\n",
  'src/index.ts': "// The entry.\nexport { choose } from './room/room.ts'\n",
  'src/engine/README.md': signpost,
  'src/engine/engine.ts': '// The port.\nexport interface EngineSettings {}\n',
  'src/engine/redis-log.ts': '// Redis.\nexport const channelOf = 1\n',
  'src/protocol/README.md': signpost,
  'src/protocol/message.ts': '// Words.\nexport interface Message { time: number }\n',
  'src/room/README.md': signpost,
  'src/room/room.ts': DEEP_BUT_FINE,
  'src/time/README.md': signpost,
  'src/time/clock.ts': '// The clock.\nexport const clock = { now: () => Date.now() }\n',
  'src/wire/README.md': signpost,
  'src/wire/centrifugal-json.ts': '// Their words.\nexport const publicationOf = 1\n',
  'src/wire/raw.ts': WIRE,
  'plugins/README.md': signpost,
  'plugins/rooms.ts': "// Wiring.\nimport '../src/room/room.ts'\nexport default 1\n",
  'routes/README.md': signpost,
  'routes/rooms.ts': "// A route.\nimport type { Room } from '../src/room/room.ts'\n",
  'test/README.md': signpost,
  'test/fixtures/README.md': signpost,
  'test/fixtures/frames/raw.bin': '',
  'src/time/token-bucket.ts': '// No `somebody`.\nexport interface TokenBucket {}\n',
  'docs/README.md': signpost,
  'docs/guide.md': `| ${'wide '.repeat(40)}|\n[link](https://example.org/${'x'.repeat(120)})\n`,
}
