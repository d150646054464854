// What a client of the rich protocol may not do to others: floods of commands that cost the server
// much and the client little, at the real door.
import { type Test, test } from 'tap'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts'
import { RULE_DEFAULTS, type Rule } from '../../src/room/rule.ts'
import { type StartedApp, startApp } from '../support/app.ts'
import { asServer, call, type Person, person, ticketOf } from '../support/people.ts'
import { connectRich, openRich } from '../support/rich-client.ts'
import { until } from '../support/until.ts'

const RULES = {
  rules: [
    { ...RULE_DEFAULTS, match: 'locked:*', join: ['ticket'], publish: ['ticket'] },
    { ...RULE_DEFAULTS, match: '*' },
  ] as Rule[],
}
const FRAME_BYTES = 262_144
const TOO_MANY = { code: 3013, reason: 'too many requests' }

/** As many of a line as fit into one frame. */
function frameOf(line: string): string {
  return `${line}\n`.repeat(FRAME_BYTES / (line.length + 1)).trimEnd()
}

/** So many commands are run or refused before the connection closes, and no more are read. */
const RUN_MAX = 8 * 128 * 3 + 2
/** Those that the rate lets through while they run, on a slow machine. */
const WHILE_RUNNING = 5 * 128

async function floods(t: Test, usher: StartedApp, ann: Person, line: string): Promise<void> {
  const rich = await connectRich(usher.url, { headers: ann.browser })
  const { traffic } = usher.app.connections
  const before = traffic.commands
  rich.client.send(frameOf(line))
  t.match(await rich.closed, TOO_MANY, line)
  t.ok(
    traffic.commands - before <= RUN_MAX + WHILE_RUNNING,
    `${traffic.commands - before} of ${line}`,
  )
}

test('[C330] of a frame no more is run than the rates let through', async (t) => {
  const usher = await startApp(t, RULES)
  const ann = await person(usher)
  const lines = [
    '{}',
    '{"id":1,"x":1}',
    '{"id":1,"publish":{}}',
    '{"id":1,"publish":{"channel":"locked:a","data":1}}',
    '{"id":1,"publish":{"channel":"a","data":1}}',
    '{"send":{}}',
    '{"id":1,"presence_stats":{"channel":"a"}}',
    '{"id":1,"subscribe":{"channel":"locked:a"}}',
  ]
  for (const line of lines) await floods(t, usher, ann, line)
})

test('[C310] before the connect command not even an answer to a ping is taken', async (t) => {
  const usher = await startApp(t)
  const rich = await openRich(usher.url)
  rich.client.send(frameOf('{}'))
  t.match(await rich.closed, { code: 3501 })
})

test('[S43] a connection whose ticket was used makes room for others', async (t) => {
  const usher = await startApp(t, { limits: { ...DEFAULT_LIMITS, pendingConnections: 2 } })
  const ann = await person(usher)
  const token = await ticketOf(usher, ann.bearer)
  await connectRich(usher.url, { token })
  const first = await openRich(usher.url)
  t.match(await first.ask('connect', { token }), { error: { code: 109 } })
  const second = await openRich(usher.url)
  t.match(await second.ask('connect', { token }), { error: { code: 109 } })
  await connectRich(usher.url, { headers: ann.browser })
  t.match(await first.closed, TOO_MANY)
  second.client.close()
  await second.closed
  await until(() => usher.app.engine.shares.held('pending') === 0)
})

test('[C331] pages of history for many rooms come as they are read', async (t) => {
  const usher = await startApp(t)
  const ann = await person(usher)
  const body = { data: 'x'.repeat(60_000) }
  for (let count = 0; count < 8; count += 1) {
    await call(`${usher.url}/rooms/chat:a/messages`, 'POST', { headers: asServer, body })
  }
  const rich = await connectRich(usher.url, { headers: ann.browser })
  const ask = ['history', { channel: 'chat:a', limit: -1 }] as const
  rich.client.ws.pause()
  const answers = rich.askAll(Array(40).fill(ask))
  // The system takes much of it, and what it does not take waits in the process.
  await until(() => usher.app.connections.slowReaders.size > 0)
  rich.client.ws.resume()
  for (const { history } of await Promise.all(answers)) {
    t.equal(history.publications.length, 8)
  }
})
