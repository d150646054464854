// What proxies write in X-Forwarded-For, through a real port: how limits count it, and what the log
// shows.
import { type Test, test } from 'tap'
import { startHost } from '../embedding/host.ts'
import { startApp } from '../support/app.ts'
import { type Client, connect } from '../support/client.ts'
import { call } from '../support/people.ts'
import { limited, ruled } from '../support/settings.ts'

/** Of anonymous connections: server keys have no address. */
const ANYONE = { match: 'open:*', join: ['anyone' as const] }
const ONE_EACH = { ...limited({ connectionsPerAddress: 1 }), ...ruled(ANYONE) }

function joining(url: string) {
  return (claimed: string): Promise<Client> =>
    connect(`${url}/rooms/open:a`, { headers: { 'x-forwarded-for': claimed } })
}

/** Two ways to write one address each. */
const SAME: [one: string, other: string][] = [
  ['198.51.100.7:1111', '198.51.100.7:2222'],
  ['198.51.100.7', '"198.51.100.7:2222"'],
  ['[2001:db8::1]:443', '[2001:db8::1]:444'],
  ['2001:DB8:0::1', '"[2001:db8::1]:1"'],
  ['::ffff:198.51.100.7', '198.51.100.7:80'],
  ['[::ffff:c633:6407]:80', '198.51.100.7'],
  ['198.51.100.7, 127.0.0.1:9999', '1.1.1.1, 198.51.100.7:2, [::1]:80'],
  ['unknown', '_hidden'],
  ['garbage:1', 'garbage:2'],
  ['fe80::1%eth0', 'fe80::2%eth1'],
]

for (const [one, other] of SAME) {
  test(`[S50] [C36] ${one} and ${other} are one address to limits`, async (t) => {
    const { url } = await startApp(t, { trustProxy: ['loopback'], ...ONE_EACH })
    const first = await joining(url)(one)
    await t.rejects(joining(url)(other), /429/)
    await joining(url)('203.0.113.1:1111').then((elsewhere) => elsewhere.close())
    await first.close()
  })
}

test('[S50] in an application whose trustProxy is its own it is the same', async (t) => {
  const { url } = await startHost(t, {
    server: { trustProxy: true },
    options: { limits: { connectionsPerAddress: 1 }, rooms: [ANYONE] },
  })
  const join = joining(`${url}/rt`)
  await join('198.51.100.7:1111')
  await t.rejects(join('198.51.100.7:2222'), /429/)
  await join('unknown')
  await t.rejects(join('_hidden:7'), /429/)
})

test('[S50] [S36] the log shows the plain address, and never what is none', async (t) => {
  const { url, log } = await startApp(t, { trustProxy: ['loopback'] })
  for (const claimed of ['198.51.100.7:1111', '"[2001:db8::9]:1"', 'a-text-that-is-no-address']) {
    await call(`${url}/session`, 'GET', { headers: { 'x-forwarded-for': claimed } })
  }
  const ips = log()
    .split('\n')
    .flatMap((line) => /"ip":"([^"]*)"/.exec(line)?.[1] ?? [])
  t.same(new Set(ips), new Set(['198.51.100.7', '2001:db8::9', 'unknown']))
  t.notMatch(log(), /a-text-that-is-no-address|:1111/)
})

async function sendForwarded(url: string, requests: number, from = '198.51.100.7'): Promise<void> {
  const headers = { 'x-forwarded-for': from }
  for (let sent = 0; sent < requests; sent += 1)
    await call(`${url}/health/live`, 'GET', { headers })
}

function warningsIn(log: string): string[] {
  return log.split('\n').filter((line) => line.includes('USHER_TRUST_PROXY'))
}

test('[S50] an untrusted peer that keeps sending it is warned of once', async (t: Test) => {
  const { url, log } = await startApp(t, { trustProxy: ['192.0.2.1'] })
  await sendForwarded(url, 3)
  t.same(warningsIn(log()), [], 'a few may be any client’s')
  await sendForwarded(url, 60)
  t.equal(warningsIn(log()).length, 1)
  t.match(warningsIn(log())[0], /"level":40.*127\.0\.0\.1 keeps sending X-Forwarded-For/)
})

test('[S50] a trusted proxy is not warned of, also where it is its own client', async (t) => {
  const { url, log } = await startApp(t, { trustProxy: ['127.0.0.1'] })
  await sendForwarded(url, 60, '127.0.0.1')
  await sendForwarded(url, 60)
  t.same(warningsIn(log()), [])
})
