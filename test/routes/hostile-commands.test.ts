// What a client of the rich protocol may not do to others: floods of commands that cost the server
// much and the client little, at the real door.
import { type Test, test } from 'tap'
import { RULE_DEFAULTS, type Rule } from '../../src/room/rule.ts'
import { type StartedApp, startApp } from '../support/app.ts'
import { type Person, person } from '../support/people.ts'
import { connectRich, openRich } from '../support/rich-client.ts'

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

async function floods(t: Test, usher: StartedApp, ann: Person, line: string): Promise<void> {
  const rich = await connectRich(usher.url, { headers: ann.browser })
  const { traffic } = usher.app.connections
  const before = traffic.commands
  rich.client.send(frameOf(line))
  t.match(await rich.closed, TOO_MANY, line)
  t.ok(traffic.commands - before <= RUN_MAX + 50, `${traffic.commands - before} of ${line}`)
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

test('[C330] answers to pings are bounded, before the connect command too', async (t) => {
  const usher = await startApp(t)
  const rich = await openRich(usher.url)
  rich.client.send(frameOf('{}'))
  t.match(await rich.closed, TOO_MANY)
})
