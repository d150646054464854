// curl, usually the first client that is tried: REST, and the JSON that tells why an upgrade is
// refused.
import { test } from 'tap'
import { PROGRAMS } from '../../scripts/programs.ts'
import { SERVER_KEY, startApp } from '../support/app.ts'
import { connect } from '../support/client.ts'
import { PASSWORD, person, ticketOf } from '../support/people.ts'
import { run } from './credential-ways.ts'

const MARK = '\n%{http_code}'

/** The output of curl, as the JSON body and the status behind it. */
async function curl(...args: string[]): Promise<{ status: number; body: Record<string, unknown> }> {
  const printed = await run(PROGRAMS.curl, ['-sS', '-m', '20', '-w', MARK, ...args])
  const at = printed.lastIndexOf('\n')
  const body = printed.slice(0, at)
  return { status: Number(printed.slice(at)), body: body === '' ? {} : JSON.parse(body) }
}

const JSON_TYPE = ['-H', 'Content-Type: application/json']
const UPGRADE = [
  ...['-H', 'Connection: Upgrade', '-H', 'Upgrade: websocket'],
  ...['-H', 'Sec-WebSocket-Version: 13', '-H', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='],
]

test('[C12][C15][C20][C50] curl signs up, logs in, fetches a ticket and publishes', async (t) => {
  const { url, keepSecret } = await startApp(t)
  const account = JSON.stringify({ username: 'curly', password: PASSWORD })
  const signedUp = await curl(...JSON_TYPE, '-d', account, `${url}/accounts`)
  t.equal(signedUp.status, 201)
  const attempt = JSON.stringify({ username: 'curly', password: PASSWORD, client: 'app' })
  const { body: session } = await curl(...JSON_TYPE, '-d', attempt, `${url}/session`)
  keepSecret(PASSWORD, String(session.accessToken))
  const bearer = ['-H', `Authorization: Bearer ${session.accessToken}`]
  const me = await curl(...bearer, `${url}/session`)
  t.match(me, { status: 200, body: { user: signedUp.body.user, username: 'curly' } })

  const { body: ticket } = await curl(...bearer, '-X', 'POST', `${url}/tickets`)
  const address = String(ticket.url).replace('{room}', 'chat:curl').replace('ws', 'http')
  const listener = await connect(address)
  t.teardown(() => listener.ws.terminate())
  const room = `${url}/rooms/chat:curl`
  const said = await curl(
    ...bearer,
    '-H',
    'Content-Type: text/plain',
    '-d',
    'hi',
    `${room}/messages`,
  )
  t.equal(said.status, 201)
  t.equal(await listener.text(), 'hi', 'a member hears it')
  t.match(await curl(...bearer, room), { status: 200, body: { members: 1 } })
})

test('[C50] curl publishes bytes from a file with a server key', async (t) => {
  const usher = await startApp(t)
  const who = await person(usher)
  const ticket = await ticketOf(usher, who.bearer)
  const listener = await connect(`${usher.url}/rooms/chat:bytes?ticket=${ticket}`)
  t.teardown(() => listener.ws.terminate())
  const key = ['-H', `Authorization: Bearer ${SERVER_KEY}`]
  const bytes = ['-H', 'Content-Type: application/octet-stream', '--data-binary']
  const file = `@${import.meta.filename}`
  const said = await curl(...key, ...bytes, file, `${usher.url}/rooms/chat:bytes/messages`)
  t.equal(said.status, 201)
  const { data, binary } = await listener.next()
  t.ok(binary)
  t.match(data.toString(), /^\/\/ curl, usually the first client/)
})

test('[C1][C40] curl is told in JSON why an upgrade was refused', async (t) => {
  const usher = await startApp(t)
  const who = await person(usher)
  const room = `${usher.url}/rooms/chat:a`
  const cases = [
    { args: [room], status: 401, error: 'unauthorized' },
    { args: [`${room}?ticket=ut_x`], status: 401, error: 'ticket_invalid' },
    { args: [`${room}?token=x`], status: 400, error: 'bad_request' },
    { args: ['-H', `Cookie: ${who.browser.cookie}`, room], status: 403, error: 'forbidden' },
    { args: [`${usher.url}/nowhere`], status: 404, error: 'not_found' },
    { args: [`${usher.url}/session`], status: 400, error: 'bad_request' },
  ]
  for (const { args, status, error } of cases) {
    const answer = await curl(...UPGRADE, ...args)
    t.match(
      answer,
      { status, body: { error, code: Number, message: String } },
      `${status} ${error}`,
    )
  }
})
