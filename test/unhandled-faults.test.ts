// Faults that no handler catches, in the real process: the fault is logged, every client is told,
// and the process ends.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'
import { SERVER_KEY } from './support/app.ts'
import { connect } from './support/client.ts'
import { asServer } from './support/people.ts'
import { startServer } from './support/server-process.ts'
import { until } from './support/until.ts'

const FAULT = fileURLToPath(new URL('support/unhandled-faults.ts', import.meta.url))

const FAULTS = {
  'a rejection without a handler': 'SIGWINCH',
  'an exception without a handler': 'SIGURG',
} as const

for (const [what, signal] of Object.entries(FAULTS)) {
  test(`[S38] ${what} is logged, every client is told 3001, and the exit code is 1`, async (t) => {
    const env = {
      USHER_DATA: join(t.testdir({}), 'data'),
      USHER_DRAIN_SECONDS: '1',
      USHER_API_KEYS: `backend:${SERVER_KEY}`,
    }
    const server = await startServer(t, env, [`--import=${FAULT}`])
    await until(() => server.stdout().includes('Usher is open'))
    const clients = await Promise.all(
      [1, 2].map(() => connect(`${server.url}/rooms/chat:a`, { headers: asServer })),
    )
    const ended = server.end(signal)
    for (const client of clients) t.same(await client.closed, { code: 3001, reason: 'shutdown' })
    t.equal(await ended, 1)
    const told = server
      .stdout()
      .split('\n')
      .find((line) => line.includes(what))
    t.match(JSON.parse(told ?? '{}'), {
      level: 50,
      err: { message: what, stack: /unhandled-faults\.ts/ },
    })
  })
}
