// Headers that claim to come from another client, and too many or too large ones.
import { type Attack, attack, type Family } from '../attack.ts'
import { bearerHeaders, browserHeaders, posting, type Target } from '../target.ts'
import { exchange, type Headers, requestBytes, wordsOf } from '../wire.ts'

export const headers: Family = {
  title: 'headers',
  parts: [forwarded, hosts, overrides, floods],
}

const FORWARDED: Headers = [
  ['X-Forwarded-Host', 'evil.example'],
  ['X-Forwarded-Proto', 'https'],
  ['X-Forwarded-For', '10.9.8.7'],
  ['Forwarded', 'for=10.9.8.7;host=evil.example;proto=https'],
  ['X-Real-IP', '10.9.8.7'],
  ['X-Original-URL', '/health/live'],
]

const evilPage = ({ victim }: Target): Headers => browserHeaders(victim, 'http://evil.example')

/** No proxy is trusted here, so nothing that a client says of itself may count. */
function forwarded(target: Target): Attack[] {
  const bearer = bearerHeaders(target.victim)
  return [
    attack(
      'the address of a ticket is not for another host',
      'X-Forwarded-Host: evil.example',
      'ws://localhost',
      async () => {
        const { body } = await target.ask(posting('/tickets', [...bearer, ...FORWARDED], '{}'))
        return String(JSON.parse(body).url).replace(/\/rooms.*$/, '')
      },
    ),
    attack(
      'an origin is not ours for a forwarded host',
      'Origin and X-Forwarded-Host: evil.example',
      '403 forbidden',
      () => target.upgraded('/rooms/attack:a', [...evilPage(target), ...FORWARDED]),
    ),
    attack(
      'a forwarded scheme does not change the cookie',
      'X-Forwarded-Proto: https with the cookie of plain HTTP',
      '101',
      () => target.upgraded('/rooms/attack:a', [...browserHeaders(target.victim), ...FORWARDED]),
    ),
    attack(
      'guesses count for the true address',
      '14 wrong passwords, each with another X-Forwarded-For',
      /^(401 unauthorized, )+(429 too_many_requests(, )?)+$/,
      () => guessesBehindClaims(target),
    ),
  ]
}

async function guessesBehindClaims(target: Target): Promise<string> {
  const seen: string[] = []
  for (let at = 0; at < 14; at += 1) {
    const body = JSON.stringify({ username: `nobody${at}`, password: 'wrong password' })
    const ask = posting('/session', [['X-Forwarded-For', `10.1.1.${at}`]], body)
    seen.push(await target.words({ ...ask, from: '127.77.0.1' }))
  }
  return seen.join(', ')
}

const hostOf = (host: string): Headers => [['Host', host]]
const TWO_HOSTS: Headers = [...hostOf('localhost'), ...hostOf('evil.example')]

function hosts(target: Target): Attack[] {
  const cases: [string, Headers, RegExp][] = [
    ['with a space', hostOf('a b'), /^400 bad_request$/],
    ['with a path', hostOf('localhost/../x'), /^400 bad_request$/],
    ['with userinfo', hostOf('user@localhost'), /^400 bad_request$/],
    ['with a query', hostOf('localhost?x'), /^400 bad_request$/],
    ['with a bad port', hostOf('localhost:999999'), /^400 bad_request$/],
    ['with quotes', hostOf('"><script>'), /^400 bad_request$/],
    ['empty', hostOf(''), /^400 bad_request$/],
    ['twice', TWO_HOSTS, /^(201|400 bad_request)$/],
  ]
  const bearer = bearerHeaders(target.victim)
  return [
    ...cases.map(([name, host, expected]) =>
      attack(`Host ${name}`, host.map(([, value]) => value).join(' + '), expected, () =>
        target.words(posting('/tickets', [...host, ...bearer], '{}')),
      ),
    ),
    attack('Host missing', 'HTTP/1.1 without Host', '400 bad_request', async () => {
      const bytes = 'GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n'
      return wordsOf((await exchange(target.port, bytes))[0])
    }),
    attack(
      'Host of another does not make its origin ours',
      'Host and Origin: evil.example',
      '403 forbidden',
      () => target.upgraded('/rooms/attack:a', [...hostOf('evil.example'), ...evilPage(target)]),
    ),
  ]
}

/** The method is the method. */
function overrides(target: Target): Attack[] {
  const names = ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', '_method']
  const cookie = browserHeaders(target.victim)
  const override = names.map((name) =>
    attack(`method override by ${name}`, `GET /session with ${name}: DELETE`, '200', () =>
      target.words({ path: '/session', headers: [...cookie, [name, 'DELETE']] }),
    ),
  )
  const methods = 'TRACE TRACK PROPFIND PATCH PUT CONNECT get GETX OPTIONS'.split(' ')
  return [
    ...override,
    attack('method override in the query', 'GET /session?_method=DELETE', '400 bad_request', () =>
      target.words({ path: '/session?_method=DELETE', headers: cookie }),
    ),
    ...methods.map((method) =>
      attack(`method ${method}`, `${method} /session`, /^(40[045] \w+|nothing)$/, () =>
        target.words({ method, path: '/session', headers: cookie }),
      ),
    ),
    attack('nothing was overridden', 'GET /session', '200', () =>
      target.words({ path: '/session', headers: cookie }),
    ),
  ]
}

function floods(target: Target): Attack[] {
  const many = (count: number, value = 'x'): Headers =>
    Array.from({ length: count }, (_, at) => [`X-H${at}`, value] as const)
  const cookies = Array.from({ length: 1_000 }, (_, at) => `c${at}=x`).join('; ')
  const cases: [string, Headers, RegExp][] = [
    ['400 headers', many(400), /^(200|400 bad_request)$/],
    ['2,500 headers', many(2_500), /^400 bad_request$/],
    ['one of 100 KB', many(1, 'x'.repeat(100_000)), /^(400 bad_request|nothing)$/],
    ['one of 2 MB', many(1, 'x'.repeat(2_000_000)), /^(400 bad_request|nothing)$/],
    ['1,000 cookies', [['Cookie', cookies]], /^200$/],
    ['100 cookies of our name', [['Cookie', 'usher=x; '.repeat(100)]], /^200$/],
    ['a cookie with a prototype', [['Cookie', '__proto__=x; constructor=y']], /^200$/],
    ['500 subprotocols', [['Sec-WebSocket-Protocol', 'p, '.repeat(500).slice(0, -2)]], /^200$/],
    ['1,500 ranges', [['Range', `bytes=${'0-1,'.repeat(1_500)}`]], /^200$/],
  ]
  return [
    ...cases.map(([name, flood, expected]) =>
      attack(`flood: ${name}`, 'GET /health/live', expected, () =>
        target.words({ path: '/health/live', headers: flood }),
      ),
    ),
    attack('flood: a URL of 20 KB', 'GET /rooms/aaa…', /^(40[04] \w+|nothing)$/, () =>
      target.words({ path: `/rooms/${'a'.repeat(20_000)}` }),
    ),
    attack('flood: 3,000 query parameters', 'GET /health/live?a=…', /^200$/, () =>
      target.words({ path: `/health/live?${'a=1&'.repeat(3_000)}` }),
    ),
    pipelined(target),
  ]
}

function pipelined(target: Target): Attack {
  const count = target.short ? 500 : 5_000
  return attack(
    `flood: ${count} requests in one piece`,
    'pipelined GET /session without credential',
    '17 answers 401 unauthorized, then 429 too_many_requests',
    async () => {
      const one = requestBytes({ path: '/session', headers: [['Connection', 'keep-alive']] })
      const bytes = Buffer.concat([
        ...Array<Buffer>(count - 1).fill(one),
        requestBytes({ path: '/session' }),
      ])
      const answers = await exchange(target.port, bytes, { ms: 20_000 })
      const last = answers.pop()
      const words = [...new Set(answers.map(wordsOf))].join(', ')
      return `${answers.length} answers ${words}, then ${last && wordsOf(last)}`
    },
  )
}
