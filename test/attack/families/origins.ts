// Pages of other origins with the victim's real cookie: on upgrades, on what changes, on reading.
import { type Attack, attack, type Family } from '../attack.ts'
import { browserHeaders, posting, sessionWords, type Target } from '../target.ts'
import type { Ask, Headers } from '../wire.ts'

const ROOM = '/rooms/attack:origins'
const REFUSED = '403 forbidden'
const EVIL = ['Origin', 'http://evil.example'] as const
const LOG_IN = JSON.stringify({ username: 'stranger', password: 'not this one' })

/** Names and values that must not count as ours, whatever they look like. */
function hostile(port: number): Record<string, string> {
  return {
    null: 'null',
    empty: '',
    stranger: 'http://evil.example',
    subdomain: `http://sub.localhost:${port}`,
    'ours as a prefix': `http://localhost:${port}.evil.example`,
    'ours as a suffix': `http://notlocalhost:${port}`,
    'another port': `http://localhost:${port + 1}`,
    'no port': 'http://localhost',
    'longer port': `http://localhost:${port}0`,
    'another scheme': `https://localhost:${port}`,
    'ws scheme': `ws://localhost:${port}`,
    'upper case': `http://LOCALHOST:${port}`,
    'upper case scheme': `HTTP://localhost:${port}`,
    'trailing dot': `http://localhost.:${port}`,
    'trailing slash': `http://localhost:${port}/`,
    userinfo: `http://user@localhost:${port}`,
    'ours as userinfo': `http://localhost:${port}@evil.example`,
    'ours as fragment': `http://evil.example#http://localhost:${port}`,
    file: 'file://',
    'no scheme': `localhost:${port}`,
    'short address': `http://127.1:${port}`,
    'hexadecimal address': `http://0x7f000001:${port}`,
    'mapped address': `http://[::ffff:127.0.0.1]:${port}`,
    'another loopback': `http://127.0.0.2:${port}`,
    'list of two': `http://localhost:${port} http://evil.example`,
    'with a comma': `http://localhost:${port}, http://evil.example`,
    wildcard: '*',
    'very long': `http://${'a'.repeat(9_000)}.localhost:${port}`,
    'cyrillic look-alike': `http://l\u00d0\u00becalhost:${port}`,
    extension: 'chrome-extension://abcdefghijklmnop',
  }
}

export const origins: Family = { title: 'origins', parts: [fromPages] }

function fromPages(target: Target): Attack[] {
  return [
    ...controls(target),
    ...Object.entries(hostile(target.port)).flatMap(([name, origin]) =>
      httpRoutes(target, name, [['Origin', origin]]),
    ),
    ...httpRoutes(target, 'ours, then another', [['Origin', target.url], EVIL]),
    ...httpRoutes(target, 'another, then ours', [EVIL, ['Origin', target.url]]),
    ...httpRoutes(target, 'none at all', []),
    ...['cross-site', 'same-site', 'none', 'Same-Origin', 'same-origin, cross-site'].flatMap(
      (site) => httpRoutes(target, `none, Sec-Fetch-Site: ${site}`, [['Sec-Fetch-Site', site]]),
    ),
    ...httpRoutes(target, 'another, Sec-Fetch-Site: same-origin', [
      EVIL,
      ['Sec-Fetch-Site', 'same-origin'],
    ]),
    ...reading(target),
    stillLoggedIn(target),
  ]
}

/** What proves that the cookie is good, so that a refusal is about the origin. */
function controls(target: Target): Attack[] {
  const headers = browserHeaders(target.victim)
  const tickets = posting('/tickets', headers, '{}')
  return [
    attack('control: upgrade from our own page', target.url, '101', () =>
      target.upgraded(ROOM, headers),
    ),
    asking(target, 'control: POST /tickets from our own page', tickets, '201'),
  ]
}

function httpRoutes(target: Target, name: string, provenance: Headers): Attack[] {
  const headers: Headers = [['Cookie', target.victim.browser.cookie], ...provenance]
  const sent = provenance.map(([field, value]) => `${field}: ${value}`).join(' + ') || 'no Origin'
  const asks: [string, Ask][] = [
    ['POST /tickets', posting('/tickets', headers, '{}')],
    ['DELETE /session', { method: 'DELETE', path: '/session', headers }],
    ['POST message', posting(`${ROOM}/messages`, headers, 'forged', 'text/plain')],
    ['POST /session', posting('/session', provenance, LOG_IN)],
  ]
  // A log-in has no cookie that could be used: without a word of a page it is a program's.
  const isPage = provenance.some(([field]) => field === 'Origin')
  const taken = isPage ? asks : asks.slice(0, 3)
  return [
    attack(`upgrade, ${name}`, sent, REFUSED, () => target.upgraded(ROOM, headers)),
    ...taken.map(([door, ask]) => asking(target, `${door}, ${name}`, ask, REFUSED, sent)),
  ]
}

function asking(
  target: Target,
  name: string,
  ask: Ask,
  expected: string,
  sent = target.url,
): Attack {
  return attack(name, sent, expected, () => target.words(ask))
}

function reading(target: Target): Attack[] {
  const cookie: Headers = [['Cookie', target.victim.browser.cookie]]
  const from = (headers: Headers): Ask => ({ path: '/session', headers: [...cookie, ...headers] })
  return [
    asking(target, 'GET /session, another origin', from([EVIL]), REFUSED),
    asking(target, 'GET /session, null', from([['Origin', 'null']]), REFUSED),
    asking(target, 'GET /session, cross-site', from([['Sec-Fetch-Site', 'cross-site']]), REFUSED),
    asking(target, 'GET /session, same-site', from([['Sec-Fetch-Site', 'same-site']]), REFUSED),
    asking(target, 'control: GET /session by a program', from([]), '200'),
    attack(
      'no answer allows another origin to read',
      'OPTIONS and GET with Origin: http://evil.example',
      'no Access-Control header',
      () => corsWords(target),
    ),
  ]
}

async function corsWords(target: Target): Promise<string> {
  const evil: Headers = [EVIL, ['Access-Control-Request-Method', 'POST']]
  const asks = ['/session', '/tickets', ROOM, '/', '/health/live'].flatMap((path) =>
    ['OPTIONS', 'GET'].map((method) => target.ask({ method, path, headers: evil })),
  )
  const names = (await Promise.all(asks)).flatMap(({ headers }) => [...headers.keys()])
  return names.find((name) => name.startsWith('access-control-')) ?? 'no Access-Control header'
}

function stillLoggedIn(target: Target): Attack {
  return attack('no user was logged out by another page', 'GET /session', 'session stands', () =>
    sessionWords(target, target.victim),
  )
}
