// Which credential decides: the first that is present, even if it is wrong.
import t from 'tap'
import { startApp } from '../support/app.ts'
import { connect, refused } from '../support/client.ts'
import { asServer, call, person, ticketOf } from '../support/people.ts'
import { ruled } from '../support/settings.ts'

const KEYS = [
  { name: 'old', key: 'an-old-server-key-0123456789' },
  { name: 'new', key: 'the-new-server-key-123456789' },
]
const usher = await startApp(t, {
  ...ruled({ match: 'open:*', join: ['anyone'] }, { match: 'chat:*' }, { match: 'desk', join: [] }),
  serverKeys: [...KEYS, { name: 'backend', key: asServer.authorization.slice(7) }],
})
const { url } = usher
const ann = await person(usher)
const room = `${url}/rooms/chat:a`
const WRONG = { authorization: 'Bearer wrong' }

type Headers = Record<string, string>

/** The user behind an upgrade with these headers, or the error word of its refusal. */
async function outcome(query: string, headers: Headers, protocols: string[] = []): Promise<string> {
  try {
    const client = await connect(`${room}${query}`, { headers, protocols })
    await client.close()
    return 'open'
  } catch {
    const { status, body } = await refused(`${room}${query}`, { headers, protocols })
    return `${status} ${body.error}`
  }
}

t.test('[C30] the first credential that is present decides, also a wrong one', async (t) => {
  const good = async () => `?ticket=${await ticketOf(usher, ann.bearer)}`
  const bad = '?ticket=ut_forged'
  const table: [string, string, Headers, string][] = [
    ['nothing', '', {}, '401 unauthorized'],
    ['a good bearer', '', ann.bearer, 'open'],
    ['a server key', '', asServer, 'open'],
    ['a good cookie', '', ann.browser, 'open'],
    ['a good ticket', await good(), {}, 'open'],
    ['a wrong bearer and a good cookie', '', { ...ann.browser, ...WRONG }, '401 unauthorized'],
    ['a wrong bearer and a good ticket', await good(), WRONG, '401 unauthorized'],
    ['a wrong ticket and a good cookie', bad, ann.browser, '401 ticket_invalid'],
    ['an empty ticket and a good cookie', '?ticket=', ann.browser, '401 ticket_invalid'],
    ['two tickets and a good cookie', `${bad}&ticket=x`, ann.browser, '400 bad_request'],
    ['a good bearer and a wrong ticket', bad, ann.bearer, 'open'],
    ['a good bearer and a wrong cookie', '', { ...ann.bearer, cookie: 'usher=x' }, 'open'],
    ['a good ticket and a wrong cookie', await good(), { cookie: 'usher=x' }, 'open'],
    ['a wrong cookie', '', { ...ann.browser, cookie: 'usher=x' }, '401 unauthorized'],
    ['an empty cookie', '', { ...ann.browser, cookie: 'usher=' }, '401 unauthorized'],
    ['another cookie', '', { cookie: 'session=x' }, '401 unauthorized'],
  ]
  for (const [what, query, headers, wanted] of table) {
    t.equal(await outcome(query, headers), wanted, what)
  }
})

t.test('[C30] Authorization of another form is refused, never skipped', async (t) => {
  const values = ['Basic YTpi', 'Bearer', 'Bearer ', 'Bearer a b', 'Token x', 'bearer: x', '']
  for (const authorization of values) {
    const headers = { ...ann.browser, authorization }
    t.equal((await call(`${url}/session`, 'GET', { headers })).status, 401, authorization)
    t.equal((await refused(room, { headers })).status, 401, authorization)
  }
})

t.test('[C30] a wrong credential is refused where the anonymous would come in', async (t) => {
  await (await connect(`${url}/rooms/open:a`)).close()
  t.equal((await refused(`${url}/rooms/open:a`, { headers: WRONG })).status, 401)
  t.equal((await refused(`${url}/rooms/open:a?ticket=x`)).status, 401)
  t.equal((await call(`${url}/rooms/open:a`, 'GET', { headers: WRONG })).status, 401)
  t.equal((await call(`${url}/rooms/open:a`, 'GET')).status, 200)
})

t.test('[C31] [S8] a ticket offered beside usher.raw opens, and is not answered', async (t) => {
  for (const order of ['first', 'last']) {
    const offer = `usher.ticket.${await ticketOf(usher, ann.bearer)}`
    const protocols = order === 'first' ? [offer, 'usher.raw'] : ['usher.raw', offer]
    const client = await connect(room, { protocols })
    t.equal(client.ws.protocol, 'usher.raw', order)
    await client.close()
  }
})

t.test('[C31] [C23] a ticket offered alone is a 400 and is not used up', async (t) => {
  const offer = `usher.ticket.${await ticketOf(usher, ann.bearer)}`
  t.match(await refused(room, { protocols: [offer] }), { status: 400, body: { code: 107 } })
  t.equal((await refused(room, { protocols: [offer, 'chat'] })).status, 400)
  await (await connect(room, { protocols: ['usher.raw', offer] })).close()
})

t.test('[C31] a wrong ticket as subprotocol is refused, also with a good cookie', async (t) => {
  const protocols = ['usher.raw', 'usher.ticket.wrong']
  t.equal(await outcome('', ann.browser, protocols), '401 ticket_invalid')
})

t.test('[C32] [S6] tokens are not taken in a URL', async (t) => {
  const token = ann.bearer.authorization.slice(7)
  for (const name of ['token', 'access_token', 'jwt']) {
    const query = `?${name}=${token}`
    t.equal(await outcome(query, {}), '400 bad_request')
    t.equal(await outcome(query, ann.bearer), '400 bad_request', 'even beside a good one')
    const { status, body } = await call(`${room}${query}`, 'GET')
    t.equal(status, 400)
    t.notMatch(JSON.stringify(body), token.slice(0, 20))
    const post = await call(`${room}/messages${query}`, 'POST', { body: 1 })
    t.equal(post.status, 400)
  }
})

t.test('[C31] a ticket opens connections and nothing else', async (t) => {
  const ticket = await ticketOf(usher, ann.bearer)
  t.equal((await call(`${room}?ticket=${ticket}`, 'GET')).status, 400)
  t.equal((await call(`${url}/session?ticket=${ticket}`, 'GET')).status, 400)
  const headers = { authorization: `Bearer ${ticket}` }
  t.equal((await call(`${url}/session`, 'GET', { headers })).status, 401)
  t.equal(await outcome(`?ticket=${ticket}`, {}), 'open')
})

t.test('[S34] two server keys work at once, and a wrong one is a 401', async (t) => {
  const join = async (key: string) => {
    const headers = { authorization: `Bearer ${key}` }
    return (await call(room, 'GET', { headers })).status
  }
  for (const { key } of KEYS) t.equal(await join(key), 200)
  for (const key of ['wrong', `${KEYS[0]?.key}x`, 'old']) t.equal(await join(key), 401)
})

t.test('[S32] a room without a rule and one that is not allowed answer alike', async (t) => {
  const message = { headers: { ...ann.bearer, 'content-type': 'application/json' } }
  const answers = async (name: string) => [
    await refused(`${url}/rooms/${name}`, { headers: ann.bearer }),
    await call(`${url}/rooms/${name}`, 'GET', { headers: ann.bearer }),
    await call(`${url}/rooms/${name}/messages`, 'POST', { ...message, body: 1 }),
  ]
  const [desk, nowhere] = [await answers('user:u_1'), await answers('nowhere')]
  for (const [at, { status, body }] of desk.entries()) {
    t.equal(status, 403)
    t.same({ status: nowhere[at]?.status, body: nowhere[at]?.body }, { status, body })
  }
  const anonymous = async (name: string) => (await call(`${url}/rooms/${name}`, 'GET')).body
  t.same(await anonymous('desk'), await anonymous('nowhere'))
})
