// Centrifugo, where its binary is here: the server that the rich protocol comes from. It is one
// program and no package of npm, so a path has to be given:
//   go install github.com/centrifugal/centrifugo/v6@v6.9.1
//   USHER_BENCH_CENTRIFUGO=<folder>/centrifugo npm run bench
import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../test/support/free-port.ts'
import type { Contender } from './contender.ts'
import { ServerProcess } from './process.ts'

const BINARY = process.env.USHER_BENCH_CENTRIFUGO ?? 'centrifugo'

/** In memory, without history and identities, and with limits that the load does not reach. */
const SETTINGS = {
  client: {
    ...{ insecure: true, allowed_origins: ['*'], channel_limit: 1_000 },
    ...{ queue_max_size: 100_000_000 },
  },
  http_server: { address: '127.0.0.1' },
  log: { level: 'info' },
}

export const CENTRIFUGO: Contender = {
  name: 'centrifugo',
  missing() {
    if (spawnSync(BINARY, ['version']).status === 0) return null
    return `there is no ${BINARY}; USHER_BENCH_CENTRIFUGO may be its path`
  },
  async start(pin) {
    const folder = mkdtempSync(join(tmpdir(), 'usher-bench-centrifugo-'))
    const file = join(folder, 'config.json')
    const port = await freePort()
    const http_server = { ...SETTINGS.http_server, port }
    writeFileSync(file, JSON.stringify({ ...SETTINGS, http_server }))
    const command = [BINARY, '--config', file]
    const process = await ServerProcess.start(pin, { command, env: {}, hasProbe: false })
    return {
      process,
      target: { port },
      credentials: async (openings) =>
        openings.map((opening) => ({
          ...{ ...opening, path: '/connection/websocket', speech: 'rich JSON, joined' },
          names: opening.rooms.map((room) => `bench-${room}`),
        })),
      post: async () => null,
      async end() {
        await process.end()
        await rm(folder, { recursive: true, force: true })
      },
    }
  },
}
