// Headers that claim to come from another client, and too many or too large ones.
import type { Attack, Family } from '../attack.ts'
import { bearerHeaders, browserHeaders, JSON_TYPE, type Target } from '../target.ts'
import { exchange, type Headers, requestBytes, upgradeWords, wordsOf } from '../wire.ts'

export const headers: Family = {
  title: 'headers',
  attacks: (target) => [
    ...forwarded(target),
    ...hosts(target),
    ...overrides(target),
    ...floods(target),
  ],
}

function post(target: Target, path: string, more: Headers, body = '{}') {
  return target.ask({ method: 'POST', path, headers: [...more, ...JSON_TYPE], body })
}

const FORWARDED: Headers = [
  ['X-Forwarded-Host', 'evil.example'],
  ['X-Forwarded-Proto', 'https'],
  ['X-Forwarded-For', '10.9.8.7'],
  ['Forwarded', 'for=10.9.8.7;host=evil.example;proto=https'],
  ['X-Real-IP', '10.9.8.7'],
  ['X-Original-URL', '/health/live'],
]

/** No proxy is trusted here, so nothing that a client says of itself may count. */
function forwarded(target: Target): Attack[] {
  const bearer = bearerHeaders(target.victim)
  return [
    {
      name: 'the address of a ticket is not for another host',
      sent: 'X-Forwarded-Host: evil.example',
      expected: 'ws://localhost',
      run: async () => {
        const { body } = await post(target, '/tickets', [...bearer, ...FORWARDED])
        return String(JSON.parse(body).url).replace(/\/rooms.*$/, '')
      },
    },
    {
      name: 'an origin is not ours for a forwarded host',
      sent: 'Origin and X-Forwarded-Host: evil.example',
      expected: '403 forbidden',
      run: () =>
        upgradeWords(target.port, '/rooms/attack:a', [
          ['Cookie', target.victim.browser.cookie],
          ['Origin', 'http://evil.example'],
          ...FORWARDED,
        ]),
    },
    {
      name: 'a forwarded scheme does not change the cookie',
      sent: 'X-Forwarded-Proto: https with the cookie of plain HTTP',
      expected: '101',
      run: () =>
        upgradeWords(target.port, '/rooms/attack:a', [
          ...browserHeaders(target.victim),
          ...FORWARDED,
        ]),
    },
    {
      name: 'guesses count for the true address',
      sent: '14 wrong passwords, each with another X-Forwarded-For',
      expected: /^(401 unauthorized, )+(429 too_many_requests(, )?)+$/,
      run: () => guessesBehindClaims(target),
    },
  ]
}

async function guessesBehindClaims(target: Target): Promise<string> {
  const seen: string[] = []
  for (let at = 0; at < 14; at += 1) {
    const body = JSON.stringify({ username: `nobody${at}`, password: 'wrong password' })
    const headers: Headers = [['X-Forwarded-For', `10.1.1.${at}`], ...JSON_TYPE]
    const ask = { method: 'POST', path: '/session', headers, body, from: '127.77.0.1' }
    seen.push(wordsOf(await target.ask(ask)))
  }
  return seen.join(', ')
}

function hosts(target: Target): Attack[] {
  const cases: [string, Headers, RegExp][] = [
    ['with a space', [['Host', 'a b']], /^400 bad_request$/],
    ['with a path', [['Host', 'localhost/../x']], /^400 bad_request$/],
    ['with userinfo', [['Host', 'user@localhost']], /^400 bad_request$/],
    ['with a query', [['Host', 'localhost?x']], /^400 bad_request$/],
    ['with a bad port', [['Host', 'localhost:999999']], /^400 bad_request$/],
    ['with quotes', [['Host', '"><script>']], /^400 bad_request$/],
    ['empty', [['Host', '']], /^400 bad_request$/],
    [
      'twice',
      [
        ['Host', 'localhost'],
        ['Host', 'evil.example'],
      ],
      /^(201|400 bad_request)$/,
    ],
  ]
  const bearer = bearerHeaders(target.victim)
  return [
    ...cases.map(([name, host, expected]) => ({
      name: `Host ${name}`,
      sent: host.map(([, value]) => value).join(' + '),
      expected,
      run: async () => wordsOf(await post(target, '/tickets', [...host, ...bearer])),
    })),
    {
      name: 'Host missing',
      sent: 'HTTP/1.1 without Host',
      expected: '400 bad_request',
      run: async () => {
        const bytes = 'GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n'
        return wordsOf((await exchange(target.port, bytes))[0])
      },
    },
    {
      name: 'Host of another does not make its origin ours',
      sent: 'Host and Origin: evil.example',
      expected: '403 forbidden',
      run: () =>
        upgradeWords(target.port, '/rooms/attack:a', [
          ['Host', 'evil.example'],
          ['Origin', 'http://evil.example'],
          ['Cookie', target.victim.browser.cookie],
        ]),
    },
  ]
}

/** The method is the method. */
function overrides(target: Target): Attack[] {
  const names = ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', '_method']
  const cookie = browserHeaders(target.victim)
  const override = names.map((name) => ({
    name: `method override by ${name}`,
    sent: `GET /session with ${name}: DELETE`,
    expected: '200',
    run: async () =>
      wordsOf(
        await target.ask({
          path: '/session?_method=DELETE',
          headers: [...cookie, [name, 'DELETE']],
        }),
      ),
  }))
  const methods = [
    'TRACE',
    'TRACK',
    'PROPFIND',
    'PATCH',
    'PUT',
    'CONNECT',
    'get',
    'GETX',
    'OPTIONS',
  ]
  return [
    ...override,
    ...methods.map((method) => ({
      name: `method ${method}`,
      sent: `${method} /session`,
      expected: /^(40[045] \w+|nothing)$/,
      run: async () => wordsOf(await target.ask({ method, path: '/session', headers: cookie })),
    })),
    {
      name: 'nothing was overridden',
      sent: 'GET /session',
      expected: '200',
      run: async () => wordsOf(await target.ask({ path: '/session', headers: cookie })),
    },
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
    ...cases.map(([name, flood, expected]) => ({
      name: `flood: ${name}`,
      sent: 'GET /health/live',
      expected,
      run: async () => wordsOf(await target.ask({ path: '/health/live', headers: flood })),
    })),
    {
      name: 'flood: a URL of 20 KB',
      sent: 'GET /rooms/aaa…',
      expected: /^(40[04] \w+|nothing)$/,
      run: async () => wordsOf(await target.ask({ path: `/rooms/${'a'.repeat(20_000)}` })),
    },
    {
      name: 'flood: 3,000 query parameters',
      sent: 'GET /health/live?a=…',
      expected: /^200$/,
      run: async () => wordsOf(await target.ask({ path: `/health/live?${'a=1&'.repeat(3_000)}` })),
    },
    pipelined(target),
  ]
}

function pipelined(target: Target): Attack {
  const count = target.short ? 500 : 5_000
  return {
    name: `flood: ${count} requests in one piece`,
    sent: 'pipelined GET /session without credential',
    expected: `${count} answers, all 401 unauthorized`,
    run: async () => {
      const one = requestBytes({ path: '/session', headers: [['Connection', 'keep-alive']] })
      const bytes = Buffer.concat([
        ...Array<Buffer>(count - 1).fill(one),
        requestBytes({ path: '/session' }),
      ])
      const answers = await exchange(target.port, bytes, { ms: 20_000 })
      const words = [...new Set(answers.map(wordsOf))].join(', ')
      return `${answers.length} answers, all ${words}`
    },
  }
}
