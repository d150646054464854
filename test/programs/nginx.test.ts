// nginx, with the configuration that deploy/ ships, in front of our process.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { freePort } from '../support/free-port.ts'
import { startServer } from '../support/server-process.ts'
import { startOnPort } from './start-program.ts'

test('nginx passes requests on', async (t) => {
  const folder = t.testdir({})
  const server = await startServer(t, { HOST: '127.0.0.1', USHER_TRUST_PROXY: '127.0.0.1' })
  const port = await freePort()
  const config = join(folder, 'nginx.conf')
  writeFileSync(
    config,
    `daemon off; pid ${folder}/nginx.pid; error_log stderr; events {}
    http { access_log off; server { listen 127.0.0.1:${port};
      location / { proxy_pass ${server.url}; } } }`,
  )
  const args = ['-p', folder, '-c', config]
  await startOnPort(t, { name: 'nginx', args, port })
  const answer = await fetch(`http://127.0.0.1:${port}/health/live`)
  t.equal(answer.status, 200)
})
