// Tickets: ordering them, what they open, and which requests do not use them up.
import t from 'tap'
import { startApp } from '../support/app.ts'
import { connect, refused, upgradeRequest } from '../support/client.ts'
import { asServer, call, person, ticketOf } from '../support/people.ts'
import { rawRequest } from '../support/raw-client.ts'
import { limited, ruled } from '../support/settings.ts'

const usher = await startApp(t, limited({ ticketsPerMinute: null, connectionsPerUser: null }))
const { url } = usher
const ann = await person(usher)
const room = `${url}/rooms/chat:a`

function ask(headers: Record<string, string>, body?: unknown, base = url) {
  return call(`${base}/tickets`, 'POST', { headers, body })
}

t.test('[C20] a ticket tells its end and its address, and no cache may keep it', async (t) => {
  const before = Date.now()
  const { status, headers, body } = await ask(ann.bearer)
  t.equal(status, 201)
  t.same(Object.keys(body).sort(), ['expiresAt', 'ticket', 'url'])
  t.ok(body.expiresAt >= before + 30_000 && body.expiresAt <= Date.now() + 30_000)
  t.equal(body.url, `${url.replace('http', 'ws')}/rooms/{room}?ticket=${body.ticket}`)
  t.equal(headers.get('cache-control'), 'no-store')
  t.equal(headers.get('referrer-policy'), 'no-referrer')
})

t.test('[C20] with exactly one room the url is complete, and opens that room', async (t) => {
  const { body } = await ask(ann.bearer, { rooms: ['chat:a'] })
  t.match(body.url, /\/rooms\/chat:a\?ticket=ut_/)
  await (await connect(body.url)).close()
  const two = await ask(ann.bearer, { rooms: ['chat:a', 'chat:b'] })
  t.match(two.body.url, /\/rooms\/\{room\}\?/)
  await (await connect(two.body.url.replace('{room}', 'chat:b'))).close()
})

t.test('[C20] USHER_PUBLIC_URL is where the url leads', async (t) => {
  const publicUrl = new URL('https://chat.example.com/')
  const usher = await startApp(t, { publicUrl })
  const { body } = await ask(asServer, { user: 'u', rooms: ['a'] }, usher.url)
  t.match(body.url, /^wss:\/\/chat\.example\.com\/rooms\/a\?ticket=/)
})

t.test('[C20] ttl is 1 to 30 whole seconds', async (t) => {
  for (const ttl of [0, 31, -1, 1.5, '10', null]) {
    const { status, body } = await ask(ann.bearer, { ttl })
    t.match({ status, ...body }, { status: 400, error: 'bad_request' }, JSON.stringify(ttl))
  }
  for (const ttl of [1, 30]) {
    const before = Date.now()
    const { status, body } = await ask(ann.bearer, { ttl })
    t.equal(status, 201)
    t.ok(body.expiresAt - before >= ttl * 1_000 && body.expiresAt <= Date.now() + ttl * 1_000)
  }
})

t.test('[C20] rooms that are no names, none or too many are a 400', async (t) => {
  const many = Array.from({ length: 129 }, (_, n) => `r${n}`)
  for (const rooms of [[], ['a b'], [''], ['a$b'], 'chat:a', [1], many]) {
    t.equal((await ask(ann.bearer, { rooms })).status, 400)
  }
})

t.test('[C20] the anonymous get none, and a Host that is no address is a 400', async (t) => {
  t.equal((await ask({})).status, 401)
  for (const host of ['exa mple', 'evil.example/x?y=', 'a@b', '']) {
    const { authorization } = asServer
    const lines = [`Host: ${host}`, `Authorization: ${authorization}`, 'Connection: close']
    const json = ['Content-Type: application/json', 'Content-Length: 12', '', '{"user":"u"}']
    const head = ['POST /tickets HTTP/1.1', ...lines, ...json].join('\r\n')
    t.equal(await (await rawRequest(url, head)).status(), 400, host)
  }
})

t.test('[C21] a server key issues tickets for users of its own', async (t) => {
  const body = { user: 'acme:a%2Fb', rooms: ['chat:a'], info: { name: 'Ann' }, connectionTtl: 60 }
  const { status, body: answer } = await ask(asServer, body)
  t.equal(status, 201)
  await (await connect(answer.url)).close()
  t.match(await ask(asServer, { rooms: ['a'] }), { status: 400, body: { message: /user/ } })
})

t.test('[C21] the fields of a server key are bounded', async (t) => {
  const bad = [
    { user: '' },
    { user: 'a b' },
    { user: 'x'.repeat(129) },
    { user: 'u', connectionTtl: 0 },
    { user: 'u', connectionTtl: 2_592_001 },
    { user: 'u', info: 'text' },
    { user: 'u', info: { name: 'x'.repeat(2_048) } },
  ]
  for (const body of bad) t.equal((await ask(asServer, body)).status, 400)
})

t.test('[C21] a user may name no user, info or connectionTtl, not even the own one', async (t) => {
  for (const more of [{ user: ann.user }, { user: 'u' }, { info: {} }, { connectionTtl: 60 }]) {
    const { status, body } = await ask(ann.bearer, more)
    t.match({ status, ...body }, { status: 403, error: 'forbidden', code: 103 })
  }
})

t.test('[C22] [S7] of 100 that connect at once with one ticket exactly one enters', async (t) => {
  const ticket = await ticketOf(usher, ann.bearer)
  const tries = await Promise.all(
    Array.from({ length: 100 }, async () => {
      const client = await rawRequest(url, upgradeRequest(`/rooms/chat:race?ticket=${ticket}`))
      const status = await client.status()
      client.socket.destroy()
      return { status, rest: client.rest }
    }),
  )
  t.equal(tries.filter(({ status }) => status === 101).length, 1)
  const lost = tries.filter(({ status }) => status !== 101)
  t.ok(lost.every(({ status, rest }) => status === 401 && JSON.parse(rest).error === 'ticket_used'))
})

t.test('[C24] [C23] another room than those it names is a 403, and it stays good', async (t) => {
  const ticket = await ticketOf(usher, ann.bearer, { rooms: ['chat:a', 'chat:b'] })
  const other = await refused(`${url}/rooms/chat:c?ticket=${ticket}`)
  t.match(other, { status: 403, body: { error: 'forbidden', code: 103 } })
  await (await connect(`${url}/rooms/chat:b?ticket=${ticket}`)).close()
})

t.test('[C22] a used, a forged and an empty ticket are refused, each with its error', async (t) => {
  const ticket = await ticketOf(usher, ann.bearer)
  await (await connect(`${room}?ticket=${ticket}`)).close()
  const tries = { [ticket]: 'ticket_used', [`${ticket}A`]: 'ticket_invalid', '': 'ticket_invalid' }
  for (const [value, error] of Object.entries(tries)) {
    t.match(await refused(`${room}?ticket=${value}`), { status: 401, body: { error, code: 101 } })
  }
})

const MALFORMED: Record<string, [query: string, headers: Record<string, string | null>]> = {
  'no key': ['', { 'Sec-WebSocket-Key': null }],
  'a short key': ['', { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZQ==' }],
  'version 8': ['', { 'Sec-WebSocket-Version': '8' }],
  'no version': ['', { 'Sec-WebSocket-Version': null }],
  'a broken list of subprotocols': ['', { 'Sec-WebSocket-Protocol': 'usher.raw,(x)' }],
  'a token in the URL too': ['&token=x', {}],
  'an unknown echo': ['&echo=maybe', {}],
  'an unknown auth': ['&auth=cookie', {}],
  'a second ticket': ['&ticket=ut_x', {}],
  'a wrong bearer token': ['', { Authorization: 'Bearer wrong' }],
  'Basic credentials': ['', { Authorization: 'Basic YTpi' }],
  'a ticket offered alone besides': ['', { 'Sec-WebSocket-Protocol': 'usher.ticket.x' }],
}

for (const [what, [query, headers]] of Object.entries(MALFORMED)) {
  t.test(`[C23] a handshake with ${what} does not use up its ticket`, async (t) => {
    const ticket = await ticketOf(usher, ann.bearer)
    const path = `/rooms/chat:a?ticket=${ticket}${query}`
    const status = await (await rawRequest(url, upgradeRequest(path, headers))).status()
    t.ok(status === 400 || status === 401, `${status}`)
    await (await connect(`${room}?ticket=${ticket}`)).close()
  })
}

t.test('[C23] wrong paths do not use up a ticket', async (t) => {
  const ticket = await ticketOf(usher, ann.bearer)
  for (const path of ['/rooms/a%20b', '/rooms/%zz', '/nowhere', '/session', '/rooms/user:x']) {
    const client = await rawRequest(url, upgradeRequest(`${path}?ticket=${ticket}`))
    t.match(await client.status(), /^(400|403|404)$/, path)
  }
  await (await connect(`${room}?ticket=${ticket}`)).close()
})

t.test('[C23] a seat that is taken does not use up a ticket', async (t) => {
  const usher = await startApp(t, limited({ connectionsPerUser: 1 }))
  const { bearer } = await person(usher)
  const first = await connect(`${usher.url}/rooms/chat:a`, { headers: bearer })
  const there = `${usher.url}/rooms/chat:a?ticket=${await ticketOf(usher, bearer)}`
  t.equal((await refused(there)).status, 429)
  await first.close()
  await (await connect(there)).close()
})

t.test('[C33] a ticket is for any page: its Origin is not looked at', async (t) => {
  const ticket = await ticketOf(usher, ann.bearer)
  const headers = { origin: 'https://elsewhere.example', 'sec-fetch-site': 'cross-site' }
  const client = await connect(`${room}?ticket=${ticket}`, { headers })
  t.equal((await client.close()).code, 1000)
})

t.test('[C26] [C3] tickets are limited per user that they are for, whatever asks', async (t) => {
  const usher = await startApp(t, limited({ ticketsPerMinute: 2 }))
  const { user, bearer, browser } = await person(usher)
  const other = await person(usher)
  const asked = [bearer, browser, bearer].map((headers) => ask(headers, undefined, usher.url))
  const statuses = (await Promise.all(asked)).map(({ status }) => status)
  t.same(statuses.sort(), [201, 201, 429])
  const late = await ask(asServer, { user }, usher.url)
  t.match(late, { status: 429, body: { error: 'too_many_requests', code: 111 } })
  t.match(late.headers.get('retry-after'), /^(29|30)$/)
  t.equal((await ask(other.bearer, undefined, usher.url)).status, 201)
})

t.test('[C24] where the rule asks for a ticket, it must be one that names the room', async (t) => {
  const usher = await startApp(t, ruled({ match: 'desk:*', join: ['ticket'] }))
  const { bearer } = await person(usher)
  const desk = `${usher.url}/rooms/desk:1`
  t.equal((await refused(desk, { headers: bearer })).status, 403)
  t.equal((await refused(`${desk}?ticket=${await ticketOf(usher, bearer)}`)).status, 403)
  const ticket = await ticketOf(usher, bearer, { rooms: ['desk:1'] })
  await (await connect(`${desk}?ticket=${ticket}`)).close()
})
