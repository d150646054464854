// Go's gorilla/websocket, which writes fragments of 4 KB, may send all that `messageBytes` allows.
import { join } from 'node:path'
import { test } from 'tap'
import { FURTHER_PROGRAMS, requireProgram } from '../../scripts/programs.ts'
import { startApp } from '../support/app.ts'
import { asServer } from '../support/people.ts'
import { Program } from '../support/program.ts'
import { limited, UNLIMITED } from '../support/settings.ts'
import { within } from '../support/until.ts'

const CLIENT = join(import.meta.dirname, 'gorilla_client.go')
/** The first time it compiles all that the library needs. */
const BUILD_MS = 240_000
const MESSAGE_BYTES = 4_194_304

test('[C180] a client of gorilla/websocket sends as much as messageBytes allows', async (t) => {
  requireProgram(FURTHER_PROGRAMS.gorilla)
  const go = requireProgram(FURTHER_PROGRAMS.go)
  const limits = { ...UNLIMITED, messageBytes: MESSAGE_BYTES, outboxBytes: 2 * MESSAGE_BYTES }
  const { url } = await startApp(t, limited(limits))
  const room = `${url.replace('http', 'ws')}/rooms/live:a?echo=true`
  const built = join(t.testdir(), 'client')
  const env = {
    GO111MODULE: 'off',
    GOPATH: '/usr/share/gocode',
    GOCACHE: join(t.testdirName, 'go'),
  }
  const build = new Program({ command: [go, 'build', '-o', built, CLIENT], env })
  t.teardown(() => build.end('SIGKILL'))
  const what = 'Go compiles its library'
  t.equal(await within(build.ended, { what, ms: BUILD_MS }), 0, build.output)
  const command = [built, room, asServer.authorization, String(MESSAGE_BYTES)]
  const client = new Program({ command })
  t.teardown(() => client.end('SIGKILL'))
  await within(client.ended, { what: 'the client ends' })
  t.equal(client.output, `heard ${MESSAGE_BYTES}\n`)
})
