// Python's two WebSocket libraries: every way to show a credential, text and bytes, refusals and
// close codes.
import { test } from 'tap'
import { PROGRAMS } from '../../scripts/programs.ts'
import { startApp } from '../support/app.ts'
import { person, ticketOf } from '../support/people.ts'
import { limited, ruled } from '../support/settings.ts'
import { runPython, SPOKEN, tripsOf, waysOf } from './credential-ways.ts'

const CLIENTS = [
  { program: PROGRAMS.websockets, file: 'websockets_client.py', tooBig: 'message too big' },
  { program: PROGRAMS.aiohttp, file: 'aiohttp_client.py', tooBig: 'message too big' },
]

for (const { program, file, tooBig } of CLIENTS) {
  test(`[C30][C31][C34][C42][C47] ${program.title} talks in a room`, async (t) => {
    const rules = ruled({ match: 'chat:*' }, { match: 'json:*', payload: 'json' })
    const usher = await startApp(t, { ...rules, ...limited({ messageBytes: 1_000 }) })
    const who = await person(usher)
    const address = usher.url.replace('http', 'ws')
    const urlOf = async (room: string) =>
      `${address}/rooms/${room}?ticket=${await ticketOf(usher, who.bearer)}`
    const ways = await waysOf(usher, who, 'chat:python')
    const printed = await runPython(program, file, {
      ways,
      spoken: SPOKEN,
      refused: `${address}/rooms/chat:python?ticket=ut_wrong`,
      ends: [
        { url: await urlOf('chat:big'), characters: 1_001 },
        { url: await urlOf('json:a'), characters: 1 },
        { url: `${address}/rooms/chat:a?auth=message`, characters: 1 },
      ],
    })
    t.same(printed.slice(0, ways.length), tripsOf(ways), 'each way connects, and echoes')
    t.same(
      printed.slice(ways.length),
      [
        { status: 401 },
        { code: 1009, reason: tooBig },
        { code: 3501, reason: 'bad request' },
        { code: 3500, reason: 'invalid credentials' },
      ],
      'it can tell the refusals apart',
    )
  })
}
