// Rules for every request: headers, TLS in production, and the proxies whose headers are trusted.
import t, { type Test } from 'tap'
import type { Config } from '../../src/config/config.ts'
import { startApp } from '../support/app.ts'
import { connect, refused } from '../support/client.ts'
import { asServer, call } from '../support/people.ts'
import { limited, ruled } from '../support/settings.ts'

const TLS = { 'x-forwarded-proto': 'https' }
const PLAIN = { 'x-forwarded-proto': 'http' }

function inProduction(t: Test, overrides: Partial<Config> = {}) {
  return startApp(t, { production: true, signup: 'open', ...overrides })
}

t.test('[C36] [S4] in production nothing is answered over plain HTTP', async (t) => {
  const { url } = await inProduction(t)
  for (const path of ['/', '/session', '/rooms/chat:a', '/nowhere', '/health', '/healthy/x']) {
    const { status, body } = await call(`${url}${path}`, 'GET', { headers: asServer })
    t.match({ status, ...body }, { status: 403, error: 'forbidden', code: 103 }, path)
  }
  const body = { username: 'ann', password: 'a password' }
  for (const path of ['/session', '/accounts', '/tickets']) {
    t.equal((await call(`${url}${path}`, 'POST', { body, headers: asServer })).status, 403, path)
  }
  const upgrade = await refused(`${url}/rooms/chat:a`, { headers: asServer })
  t.match(upgrade, { status: 403, body: { error: 'forbidden', code: 103 } })
})

t.test('[C36] health checks are answered over plain HTTP too', async (t) => {
  const { url } = await inProduction(t)
  t.equal((await call(`${url}/health/live`, 'GET')).status, 200)
  t.equal((await call(`${url}/health/ready`, 'GET')).status, 200)
})

t.test('[S4] a client that claims to be a proxy does not get in', async (t) => {
  const claims = { ...asServer, ...TLS, 'x-forwarded-for': '127.0.0.1' }
  for (const trustProxy of [[], ['192.0.2.1'], ['::2']]) {
    const { url } = await inProduction(t, { trustProxy })
    t.equal((await call(`${url}/rooms/chat:a`, 'GET', { headers: claims })).status, 403)
    t.equal((await refused(`${url}/rooms/chat:a`, { headers: claims })).status, 403)
  }
})

t.test('[C36] behind a trusted proxy that ends TLS everything works', async (t) => {
  const { url } = await inProduction(t, { trustProxy: ['127.0.0.1'] })
  const headers = { ...asServer, ...TLS }
  t.equal((await call(`${url}/rooms/chat:a`, 'GET', { headers })).status, 200)
  t.equal((await (await connect(`${url}/rooms/chat:a`, { headers })).close()).code, 1000)
})

t.test('[C36] a request that a trusted proxy got over plain HTTP is refused', async (t) => {
  const { url } = await inProduction(t, { trustProxy: ['loopback'] })
  const headers = { ...asServer, ...PLAIN }
  t.equal((await call(`${url}/rooms/chat:a`, 'GET', { headers })).status, 403)
  t.equal((await refused(`${url}/rooms/chat:a`, { headers })).status, 403)
})

t.test('[S4] only a trusted proxy says who asks and how', async (t) => {
  const claims = { ...asServer, ...TLS, 'x-forwarded-host': 'evil.example' }
  const ask = async (trustProxy: string[]) => {
    const { url, log } = await startApp(t, { trustProxy })
    const headers = { ...claims, 'x-forwarded-for': '198.51.100.7' }
    const { body } = await call(`${url}/tickets`, 'POST', { headers, body: { user: 'u' } })
    return { url: body.url, log: log() }
  }
  const stranger = await ask(['192.0.2.1'])
  t.match(stranger.url, /^ws:\/\/127\.0\.0\.1:/)
  t.notMatch(stranger.log, /198\.51\.100\.7/)
  const proxy = await ask(['127.0.0.1'])
  t.match(proxy.url, /^wss:\/\/evil\.example\//)
  t.match(proxy.log, /198\.51\.100\.7/)
})

/** One connection of an address, also without a credential. */
const ONE_EACH = {
  ...limited({ connectionsPerAddress: 1 }),
  ...ruled({ match: 'chat:*', join: ['anyone'] }),
}

t.test('[C36] [S4] of a chain of proxies, the last that is not ours says who asks', async (t) => {
  const ours = { trustProxy: ['127.0.0.1', '10.0.0.0/8'], ...ONE_EACH }
  const { url, app } = await startApp(t, ours)
  const from = (chain: string) =>
    connect(`${url}/rooms/chat:a`, { headers: { 'x-forwarded-for': chain } })
  await from('198.51.100.7')
  await from('203.0.113.9, 198.51.100.8')
  await from('127.0.0.1, 10.9.9.9, 198.51.100.9, 10.0.0.1')
  await from('2001:db8::1, 10.0.0.1')
  t.equal(app.rooms.counts('chat:a').members, 4)
  await t.rejects(from('1.1.1.1, 198.51.100.7'), /429/, 'a claim before it makes no new client')
  await t.rejects(from('2001:db8::2'), /429/, 'nor does another address of the same network')
})

t.test('[S4] a client that is no trusted proxy counts by its own address', async (t) => {
  const ours = { trustProxy: ['192.0.2.1'], ...ONE_EACH }
  const { url } = await startApp(t, ours)
  const from = (address: string) =>
    connect(`${url}/rooms/chat:a`, { headers: { 'x-forwarded-for': address } })
  await from('198.51.100.7')
  await t.rejects(from('198.51.100.8'), /429/)
  await t.rejects(from('192.0.2.1'), /429/)
})

t.test('[S39] the page may run our scripts alone, in no frame', async (t) => {
  const { url } = await startApp(t)
  const { headers } = await fetch(`${url}/`)
  const policy = (headers.get('content-security-policy') ?? '').split(';')
  const wanted = ["default-src 'none'", "script-src 'self'", "style-src 'self'"]
  const others = ["frame-ancestors 'none'", "base-uri 'none'"]
  for (const own of ["worker-src 'self'", "manifest-src 'self'"]) others.push(own)
  for (const directive of [...wanted, ...others]) {
    t.ok(policy.includes(directive), directive)
  }
  t.notMatch(policy.join(), /unsafe|\*|https?:/)
})

t.test('[S39] [S9] every answer has the headers that keep browsers strict', async (t) => {
  const { url } = await startApp(t)
  for (const path of ['/', '/session', '/nowhere', '/health/live']) {
    const { headers } = await fetch(`${url}${path}`)
    t.equal(headers.get('x-content-type-options'), 'nosniff', path)
    t.equal(headers.get('x-frame-options'), 'DENY')
    t.equal(headers.get('referrer-policy'), 'no-referrer')
    t.equal(headers.get('strict-transport-security'), null, 'not in development')
    t.equal(headers.get('x-powered-by'), null)
    t.equal(headers.get('access-control-allow-origin'), null)
  }
})

t.test('[S39] in production browsers are told to stay with TLS', async (t) => {
  const { url } = await inProduction(t, { trustProxy: ['127.0.0.1'] })
  const { headers } = await fetch(`${url}/`, { headers: TLS })
  t.match(headers.get('strict-transport-security'), /max-age=\d{7,}/)
})
