// A process that waits for Redis before it has opened a port: it stays, and says what it waits for.
import { test } from 'tap'
import { CLI } from '../../command/run-usher.ts'
import { freePort } from '../../support/free-port.ts'
import { startProgram } from '../../support/program.ts'
import { RedisServer } from '../../support/redis-server.ts'
import { addressOf, spawnServer } from '../../support/server-process.ts'

test('a service and a command wait for a Redis that comes later', async (t) => {
  t.testdir({})
  const port = await freePort()
  const env = {
    USHER_REDIS_URL: `redis://127.0.0.1:${port}`,
    USHER_SECRET: 'a-secret-of-all-nodes-0123456789',
  }
  const server = spawnServer({ cwd: t.testdirName, env })
  t.teardown(() => server.end('SIGKILL'))
  await server.shows(/is awaited/)
  const command = [process.execPath, CLI, 'user', 'ban', 'ann']
  const program = startProgram(t, { command, cwd: t.testdirName, env })
  const redis = new RedisServer(t.testdirName, port, [])
  t.teardown(() => redis.kill())
  await redis.start()
  await addressOf(server)
  t.equal(await program.ended, 1)
  t.match(program.stderr, 'There is no account with the name ann.')
})
