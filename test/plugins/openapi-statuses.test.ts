// Each answer of an endpoint, to right and to wrong requests, stands in the document.
import { request as send } from 'node:http'
import t from 'tap'
import { Check } from 'typebox/schema'
import { EVERY_SCOPE, startApp } from '../support/app.ts'
import { documentOf, examplesOf, type Operation, operationsOf, pathOf } from '../support/openapi.ts'
import { asServer, person } from '../support/people.ts'
import { ruled } from '../support/settings.ts'

interface Request {
  headers?: Record<string, string>
  body?: string
  query?: string
}

interface Heard {
  status: number
  body: string
}

/** Its key has every scope, so that requests reach what comes after them. */
const usher = await startApp(t, EVERY_SCOPE)
const production = await startApp(t, { production: true })
const bare = await startApp(t, ruled({ match: '*' }))
const operations = operationsOf(await documentOf(usher))
const named = ({ method, path }: Operation): string => `${method} ${path}`

/** Any request, also one that asks for an upgrade and gets none. */
function ask(url: string, operation: Operation, request: Request): Promise<Heard> {
  const { headers = {}, body, query = '' } = request
  const { method } = operation
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const options = { method, headers: { ...headers, ...length }, agent: false }
    const sent = send(`${url}${pathOf(operation)}${query}`, options, async (response) => {
      const chunks: string[] = []
      for await (const chunk of response) chunks.push(String(chunk))
      resolve({ status: response.statusCode ?? 0, body: chunks.join('') })
    })
    sent.on('upgrade', (response, socket) => {
      socket.destroy()
      resolve({ status: response.statusCode ?? 0, body: '' })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const JSON_TYPE = { 'content-type': 'application/json' }
const UPGRADE = { connection: 'Upgrade', upgrade: 'websocket' }
const HANDSHAKE = {
  ...UPGRADE,
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
}
const FOREIGN = { origin: 'https://evil.example', cookie: 'usher=x' }
/** The length is announced, which is enough to be refused. */
const HUGE = { 'content-length': '1000000000' }

const REQUESTS: Record<string, Request> = {
  'without a credential': {},
  'with a server key': { headers: asServer },
  'with a wrong token': { headers: { authorization: 'Bearer wrong' } },
  'with a header of another form': { headers: { authorization: 'Basic YTpi' } },
  'with a wrong cookie': { headers: { cookie: 'usher=x', 'sec-fetch-site': 'same-origin' } },
  'from another page': { headers: FOREIGN },
  'from another page, with JSON': { headers: { ...FOREIGN, ...JSON_TYPE }, body: '{}' },
  'with a token in the URL': { query: '?token=x', headers: asServer },
  'with an unknown query': { query: '?echo=x&revoke=x&user=%20', headers: asServer },
  'as half a handshake': { headers: { ...asServer, ...UPGRADE } },
  'as a handshake': { headers: { ...asServer, ...HANDSHAKE } },
  'as a handshake with a body': {
    headers: { ...asServer, ...HANDSHAKE, ...JSON_TYPE },
    body: '{}',
  },
  'as a handshake with a bad ticket': { headers: HANDSHAKE, query: '?ticket=x' },
  'with broken JSON': { headers: { ...asServer, ...JSON_TYPE }, body: '{' },
  'with an empty object': { headers: { ...asServer, ...JSON_TYPE }, body: '{}' },
  'with an empty body of JSON': { headers: { ...asServer, ...JSON_TYPE }, body: '' },
  'with unknown fields': {
    headers: { ...asServer, ...JSON_TYPE },
    body: '{"__proto__":1,"x":2}',
  },
  'with XML': { headers: { ...asServer, 'content-type': 'application/xml' }, body: '<x/>' },
  'as an unknown user': {
    headers: JSON_TYPE,
    body: JSON.stringify({ username: 'nobody', password: 'short' }),
  },
  'with a new password': {
    headers: { ...asServer, ...JSON_TYPE },
    body: JSON.stringify({ password: 'battery staple' }),
  },
  'with text': { headers: { ...asServer, 'content-type': 'text/plain' }, body: 'x' },
  'with too much': { headers: { ...asServer, ...JSON_TYPE, ...HUGE } },
  'with a bad key': { headers: { ...asServer, ...JSON_TYPE, 'idempotency-key': 'a b' }, body: '1' },
}

/** The fault of an answer by the document; empty when it stands there. */
function unheardOf({ responses }: Operation, { status, body }: Heard): string | null {
  const answer = responses[status]
  if (!answer) return `${status} ${body}`
  const [type, media] = Object.entries(answer.content ?? {})[0] ?? []
  if (media === undefined) return body === '' ? null : `${status} with a body`
  const value: unknown = type === 'application/json' ? JSON.parse(body) : body
  return Check(media.schema, value) ? null : `${status} of another form: ${body.slice(0, 200)}`
}

/** Statuses that are not checked here: our failures, and limits with their own tests. */
const RARE = ['409', '429', '500', '503', '507']

for (const operation of operations) {
  t.test(`[C2] ${named(operation)} answers as the document says`, async (t) => {
    const seen = new Set<string>()
    const judge = (what: string, heard: Heard): void => {
      seen.add(String(heard.status))
      t.equal(unheardOf(operation, heard), null, what)
    }
    for (const [what, request] of Object.entries(REQUESTS)) {
      judge(what, await ask(usher.url, operation, request))
    }
    judge('over plain HTTP', await ask(production.url, operation, { headers: asServer }))
    judge('where rules have no presence', await ask(bare.url, operation, { headers: asServer }))
    const { bearer } = await person(usher)
    const media = operation.requestBody?.content['application/json']
    const body = media === undefined ? undefined : JSON.stringify(examplesOf(media)[0])
    const headers = media === undefined ? bearer : { ...bearer, ...JSON_TYPE }
    const example = { headers, ...(body && { body }) }
    judge('as in the example', await ask(usher.url, operation, example))
    const mine = { ...example.headers, ...(await person(bare)).bearer }
    judge(
      'where rules have no receipts',
      await ask(bare.url, operation, { ...example, headers: mine }),
    )
    const promised = Object.keys(operation.responses).filter((status) => /^[45]/.test(status))
    const missing = promised.filter((status) => !RARE.includes(status) && !seen.has(status))
    t.same(missing, [], 'and it promises no other refusal')
  })
}
