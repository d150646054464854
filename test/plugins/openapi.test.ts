// The document at /docs/json lists all endpoints, and nothing else; the page at /docs works.
import { readFileSync } from 'node:fs'
import { Validator } from '@seriousme/openapi-schema-validator'
import Fastify, { type RouteOptions } from 'fastify'
import t from 'tap'
import { Check } from 'typebox/schema'
import { usher as usherService } from '../../src/index.ts'
import { IDEMPOTENCY_KEY_PATTERN } from '../../src/protocol/names.ts'
import { SERVER_KEY, startApp } from '../support/app.ts'
import { openBrowser, openWindow, seatUser } from '../support/browser.ts'
import {
  documentAt,
  documentOf,
  examplesOf,
  type Media,
  type Operation,
  operationsOf,
} from '../support/openapi.ts'

const SECRETS = { current: 'root secret of these document tests', previous: 'the one before it' }
const usher = await startApp(t, { secrets: SECRETS })
const document = await documentOf(usher)
const operations = operationsOf(document)
const named = ({ method, path }: Operation): string => `${method} ${path}`

/** Schemas whose examples are no JSON. */
const NOT_JSON = 'application/octet-stream'

t.test('the document is OpenAPI 3.1, as its own schema says', async (t) => {
  t.equal(document.openapi, '3.1.0')
  const { valid, errors } = await new Validator().validate({ ...document })
  t.ok(valid, JSON.stringify(errors))
})

t.test('every route is in the document, under the prefix that it has', async (t) => {
  for (const prefix of ['', '/rt']) {
    const app = Fastify()
    t.teardown(() => app.close())
    const routes: RouteOptions[] = []
    app.addHook('onRoute', (route) => void routes.push({ ...route }))
    await app.register(usherService, { prefix, data: ':memory:', pages: true })
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    const found = operationsOf(await documentAt(`${url}${prefix}/docs/json`))
    const open = routes.filter(({ schema }) => (schema as { hide?: boolean })?.hide !== true)
    const wanted = open
      .flatMap(({ method, url }) => [method].flat().map((one) => ({ method: one, url })))
      .filter(({ method }) => method !== 'HEAD')
      .map(({ method, url }) => `${method} ${url.replaceAll(/:(\w+)/g, '{$1}')}`)
    t.ok(wanted.length >= 15, `${wanted.length} routes`)
    t.same(found.map(named).sort(), [...new Set(wanted)].sort(), prefix)
    t.ok(found.every(({ path }) => path.startsWith(`${prefix}/`)))
    const hidden = routes.filter((route) => !open.includes(route)).map(({ url }) => url)
    const pages = /^(\/rt)?\/(docs.*|((chat|plain|shared|sdk)\/([\w-]+\/)?)?[\w.-]*)$/
    const others = hidden.filter((url) => !pages.test(url))
    t.same(others, [], 'only pages are left out')
  }
})

t.test('without pages there is no document', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(usherService, { prefix: '/rt', data: ':memory:', pages: false })
  for (const path of ['/docs', '/rt/docs', '/rt/docs/json']) {
    t.equal((await app.inject(path)).statusCode, 404, path)
  }
})

t.test('every operation says in a line what it does, and where it belongs', async (t) => {
  const tags = document.tags.map(({ name }) => name)
  for (const operation of operations) {
    t.match(operation.summary, /^[A-Z].{4,70}[^.]$/, named(operation))
    t.equal(operation.tags?.length, 1, named(operation))
    t.ok(tags.includes(operation.tags?.[0] ?? ''), named(operation))
  }
  t.equal(new Set(operations.map(({ summary }) => summary)).size, operations.length)
})

t.test('[C2] every status is described, and every refusal has the one shape', async (t) => {
  for (const operation of operations) {
    for (const [status, { description, content }] of Object.entries(operation.responses)) {
      const what = `${named(operation)} ${status}`
      t.match(status, /^[1-5]\d\d$/, `${what}: a status, not a range`)
      t.notMatch(description, /^Default/, what)
      const schema = content?.['application/json']?.schema as { required?: string[] } | undefined
      const isHealth = operation.path === '/health/ready' && status === '503'
      if (Number(status) < 400 || isHealth) continue
      t.same(schema?.required, ['error', 'code', 'message'], what)
    }
    t.ok(operation.responses[400] && operation.responses[500], named(operation))
  }
})

t.test('the examples of a room and of a refresh token are as real ones are', async (t) => {
  const exampleOf = (name: string, status: string) => {
    const operation = operations.find((each) => named(each) === name)
    const media = operation?.responses[status]?.content?.['application/json']
    return examplesOf(media ?? {}).at(-1) as Record<string, unknown>
  }
  const headers = { authorization: `Bearer ${SERVER_KEY}` }
  const room = await fetch(`${usher.url}/rooms/chat:lobby`, { headers })
  const { rule } = (await room.json()) as { rule: object }
  t.same(exampleOf('GET /rooms/{room}', '200').rule, rule)
  t.match(exampleOf('POST /session', '200').refreshToken, /^rt_s_[\w-]{16}\./)
})

t.test('everything that is sent or answered has an example that fits', async (t) => {
  const check = (what: string, media: Media): void => {
    const examples = examplesOf(media)
    t.not(examples.length, 0, `${what} has one`)
    for (const example of examples) {
      t.ok(Check(media.schema, example), `${what}: ${JSON.stringify(example)}`)
    }
  }
  for (const operation of operations) {
    const { requestBody, responses, parameters = [] } = operation
    for (const parameter of parameters) check(`${named(operation)} ${parameter.name}`, parameter)
    const validation = Object.entries(requestBody?.content ?? {})
    for (const [type, media] of validation) check(`${named(operation)} ${type}`, media)
    // A message has a type of its own for each kind, commands for each encoding.
    const types = operation.path.endsWith('/messages') ? 3 : 2
    if (validation.some(([type]) => type === NOT_JSON)) t.equal(validation.length, types)
    for (const [status, { content }] of Object.entries(responses)) {
      if (content === undefined) t.match(status, /^(101|204|304)$/, `${named(operation)} ${status}`)
      for (const media of Object.values(content ?? {}))
        check(`${named(operation)} ${status}`, media)
    }
  }
})

t.test('[C53] the form of an idempotency key is in the document', async (t) => {
  const publish = operations.find((each) => named(each) === 'POST /rooms/{room}/messages')
  const key = publish?.parameters?.find(({ name }) => name === 'idempotency-key')
  t.match(key?.schema, { type: 'string', pattern: IDEMPOTENCY_KEY_PATTERN })
})

t.test('the version is that of the package', async (t) => {
  const file = new URL('../../package.json', import.meta.url)
  t.equal(document.info.version, JSON.parse(readFileSync(file, 'utf8')).version)
})

t.test('[S9] neither document nor page tells a secret or a path of this machine', async (t) => {
  const key = 'd9b1f0a7c3e5d9b1f0a7c3e5d9b1f0a7'
  const thirdPartyIssuer = {
    ...{ key, jwksUrl: null, algorithm: 'HS256', issuer: 'https://issuer.example' },
    ...{ audience: 'audience.example', prefix: 'jwt:' },
  }
  const engine = { kind: 'sqlite' as const, folder: t.testdir(), lockWaitMs: 0 }
  const { url } = await startApp(t, { secrets: SECRETS, thirdPartyIssuer, engine })
  const paths = ['/docs/', '/docs/json', '/docs/yaml', '/docs/static/swagger-initializer.js']
  for (const path of paths) {
    const response = await fetch(`${url}${path}`)
    t.equal(response.status, 200, path)
    const text = await response.text()
    for (const secret of [SERVER_KEY, SECRETS.current, SECRETS.previous, key, engine.folder]) {
      t.notOk(text.includes(secret), path)
    }
    t.notMatch(text, /issuer\.example|audience\.example|node_modules|\/src\//)
  }
})

t.test('[C11] the cookie is named as it is, by TLS and in production', async (t) => {
  const nameIn = (text: string): unknown => JSON.parse(text).components.securitySchemes.session.name
  t.equal(nameIn(JSON.stringify(document)), 'usher')
  const { app } = await startApp(t, { production: true, trustProxy: ['loopback'] })
  t.equal(nameIn((await app.inject('/docs/json')).body), '__Host-usher')
})

t.test('[S39] the page runs its own scripts alone, in no frame', async (t) => {
  const { headers } = await fetch(`${usher.url}/docs/`)
  const policy = headers.get('content-security-policy') ?? ''
  t.match(policy, /default-src 'none'; script-src 'self';/)
  t.match(policy, /frame-ancestors 'none'/)
  t.notMatch(policy, /script-src[^;]*unsafe|https?:|\*/)
})

t.test('the page shows every endpoint in a real browser, and tries one', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(usherService, { prefix: '/rt', data: ':memory:', pages: true })
  const embedding = await app.listen({ host: '127.0.0.1', port: 0 })
  const browser = await openBrowser(t)
  for (const url of [usher.url, `${embedding}/rt`]) {
    const { page, complaints } = await openWindow(await seatUser(t, browser), `${url}/docs`)
    await page.locator('.opblock').first().waitFor()
    t.equal(await page.locator('.opblock').count(), operations.length)
    const live = page.locator('.opblock', { hasText: '/health/live' })
    await live.locator('.opblock-summary-control').click()
    await live.getByRole('button', { name: 'Try it out' }).click()
    await live.getByRole('button', { name: 'Execute' }).click()
    const answer = live.locator('.live-responses-table .response')
    await answer.first().waitFor()
    t.match(await answer.first().innerText(), /200[\s\S]*"status": "live"/)
    t.same(complaints, [], 'no policy was broken')
  }
})
