// A process without USHER_REDIS_URL loads nothing of Redis: neither the client library nor the
// engine.
import t from 'tap'
import { addressOf, spawnServer } from '../support/server-process.ts'

/** Runs first in the process, and prints what is loaded after it. */
const TELL = `
  import { registerHooks } from 'node:module'
  registerHooks({
    load(url, context, next) {
      console.log('loads ' + url)
      return next(url, context)
    },
  })
`
const FIRST = `--import=data:text/javascript,${encodeURIComponent(TELL)}`
const OF_REDIS = /loads \S*(?:\/@redis\/|\/engine\/redis\/)\S*/g

function start(env: Record<string, string>) {
  const server = spawnServer({ env, cwd: t.testdirName, nodeArgs: [FIRST] })
  t.teardown(() => server.end('SIGKILL'))
  return server
}

t.testdir()

for (const data of [':memory:', './data']) {
  t.test(`with ${data} alone nothing of Redis is loaded`, async (t) => {
    const server = start({ USHER_DATA: data })
    const url = await addressOf(server)
    t.equal((await fetch(`${url}/health/ready`)).status, 200)
    t.match(server.stdout, /loads \S*\/fastify\.js/, 'what is loaded is seen')
    t.same(server.stdout.match(OF_REDIS), null)
  })
}

t.test('with USHER_REDIS_URL it is', async () => {
  const secret = 'a-secret-for-this-test-alone-0123456789'
  const server = start({ USHER_REDIS_URL: 'redis://127.0.0.1:1', USHER_SECRET: secret })
  await server.shows(/loads \S*\/engine\/redis\//)
  await server.shows(/loads \S*\/@redis\//)
})
