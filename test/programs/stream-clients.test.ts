// Programs that follow a room by server-sent events: Python's requests and urllib3, and curl. Each
// next event is published when the one before it was heard.
import t from 'tap'
import { startApp } from '../support/app.ts'
import { asServer, call } from '../support/people.ts'
import { startProgram } from '../support/program.ts'
import { pathOf } from './start-program.ts'

const usher = await startApp(t)
const room = `${usher.url}/rooms/chat:a`
const { authorization } = asServer
const follow = `${import.meta.dirname}/follow.py`
const HEADERS = ['-H', `Authorization: ${authorization}`, '-H', 'Accept: text/event-stream']

const COMMANDS = {
  'requests for Python': [pathOf('requests'), '-u', follow, 'requests', room, authorization],
  'urllib3 for Python': [pathOf('urllib3'), '-u', follow, 'urllib3', room, authorization],
  'curl -N': [pathOf('curl'), '-sN', ...HEADERS, room],
  'curl -N --http1.0': [pathOf('curl'), '-sN', '--http1.0', ...HEADERS, room],
}

for (const [name, command] of Object.entries(COMMANDS)) {
  t.test(`[C171] [C172] ${name} hears the opening and each event at once`, async (t) => {
    const program = startProgram(t, { command })
    await program.shows(/event: position\s+data: {"epoch":"[0-9a-f]+","offset":\d+/)
    for (const said of ['short', 'x'.repeat(10_000), 'two\nlines']) {
      const headers = { ...asServer, 'content-type': 'text/plain' }
      await fetch(`${room}/messages`, { method: 'POST', headers, body: said })
      await program.shows(new RegExp(`data: ${said.replace('\n', '\\s+data: ')}\\s`))
    }
    t.match(program.stdout, /^retry: \d+\n\n?id: /)
    t.notMatch(program.stdout, /^[0-9a-f]+$/m, 'no length of a chunk is taken for an event')
    await program.end('SIGTERM')
  })
}

t.test('what they were served is the room as it is', async (t) => {
  const { body } = await call(room, 'GET', { headers: asServer })
  t.equal(body.offset, 3 * Object.keys(COMMANDS).length)
})
