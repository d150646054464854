// Requests whose end is a matter of opinion: what one server takes for one request and another for
// two. Each is written to one socket, with a second request hidden inside.
import { once } from 'node:events'
import { type Attack, attack, type Family } from '../attack.ts'
import { bearerHeaders, posting, type Target } from '../target.ts'
import { exchange, openSocket, pause, requestBytes, upgradeBytes, wordsOf } from '../wire.ts'

const HIDDEN = 'GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Hidden: 1\r\n\r\n'
const REFUSED = /^400 bad_request$/

export const framing: Family = {
  title: 'framing',
  shortHomes: ['alone', 'root'],
  parts: [smuggled, malformed, beside, refusedUpgrade, goneClients],
}

/** A POST that a server of ours would take, but for the lines that say where it ends. */
function post(target: Target, lines: readonly string[], body: string): string {
  const [[name, value] = ['', '']] = bearerHeaders(target.victim)
  const head = ['POST /rooms/attack:a/messages HTTP/1.1', 'Host: localhost', `${name}: ${value}`]
  return [...head, 'Content-Type: text/plain', ...lines, '', body].join('\r\n')
}

/** One answer, a refusal: the hidden request was not seen. */
function smuggled(target: Target): Attack[] {
  const chunked = `0\r\n\r\n${HIDDEN}`
  const cases: [string, string[], string][] = [
    ['CL and TE', [`Content-Length: ${chunked.length}`, 'Transfer-Encoding: chunked'], chunked],
    ['TE and CL', ['Transfer-Encoding: chunked', 'Content-Length: 3'], chunked],
    ['CL twice, different', ['Content-Length: 1', `Content-Length: ${HIDDEN.length}`], HIDDEN],
    ['CL twice, the same', ['Content-Length: 1', 'Content-Length: 1'], `x${HIDDEN}`],
    ['CL as a list', ['Content-Length: 1, 1'], `x${HIDDEN}`],
    ['CL with a plus', ['Content-Length: +1'], `x${HIDDEN}`],
    ['CL negative', ['Content-Length: -1'], HIDDEN],
    ['CL hexadecimal', ['Content-Length: 0x1'], `x${HIDDEN}`],
    ['CL with a space inside', ['Content-Length: 1 1'], `x${HIDDEN}`],
    ['CL enormous', ['Content-Length: 99999999999999999999999'], HIDDEN],
    ['CL empty', ['Content-Length:'], HIDDEN],
    ['TE chunked twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked, x'], chunked],
    ['TE not last', ['Transfer-Encoding: chunked, identity'], chunked],
    ['TE unknown', ['Transfer-Encoding: xchunked'], chunked],
    ['TE with a tab', ['Transfer-Encoding:\tchunked, cow'], chunked],
    ['TE folded', ['Transfer-Encoding:', ' chunked'], chunked],
    ['TE with a space before the colon', ['Transfer-Encoding : chunked'], chunked],
    ['TE with NUL', ['Transfer-Encoding: chunked\0'], chunked],
    ['chunk size with a sign', ['Transfer-Encoding: chunked'], `+1\r\nx\r\n${chunked}`],
    [
      'chunk size too large',
      ['Transfer-Encoding: chunked'],
      `fffffffffffffffff\r\nx\r\n${chunked}`,
    ],
    ['chunk size with a prefix', ['Transfer-Encoding: chunked'], `0x1\r\nx\r\n${chunked}`],
    ['chunk without CR', ['Transfer-Encoding: chunked'], `1\nx\n0\n\n${HIDDEN}`],
    ['chunk longer than said', ['Transfer-Encoding: chunked'], `1\r\nxyz\r\n${chunked}`],
    ['obsolete fold', ['X-A: b', ' c: d', 'Content-Length: 1'], `x${HIDDEN}`],
    ['header without colon', ['Content-Length 1', 'Content-Length: 1'], `x${HIDDEN}`],
    ['header name with a space', ['X A: b', 'Content-Length: 1'], `x${HIDDEN}`],
    ['bare CR in a header', ['X-A: b\rContent-Length: 40', 'Content-Length: 1'], `x${HIDDEN}`],
    ['NUL in a header', ['X-A: b\0c', 'Content-Length: 1'], `x${HIDDEN}`],
    ['lines end in LF alone', ['X-A: b\nContent-Length: 1', 'Content-Length: 1'], `x${HIDDEN}`],
  ]
  return cases.map(([name, lines, body]) =>
    attack(name, lines.join(' + '), REFUSED, () => allWords(target, post(target, lines, body))),
  )
}

/** Every answer that came, so that a second one shows. */
async function allWords({ port }: Target, bytes: string): Promise<string> {
  const answers = await exchange(port, Buffer.from(bytes, 'latin1'), { ms: 500 })
  return answers.map(wordsOf).join(', ') || 'nothing'
}

function malformed(target: Target): Attack[] {
  const host = 'Host: localhost\r\nConnection: close\r\n\r\n'
  const texts: Record<string, string> = {
    'HTTP/0.9': 'GET /health/live\r\n\r\n',
    'HTTP/9.9': `GET /health/live HTTP/9.9\r\n${host}`,
    'HTTP/2 preface': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'TLS hello': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    'only zeros': '\0'.repeat(64),
    'spaces in the URL': `GET /health/live x HTTP/1.1\r\n${host}`,
    'no URL': `GET HTTP/1.1\r\n${host}`,
    'lower-case method': `get /health/live HTTP/1.1\r\n${host}`,
    'control character in the URL': `GET /health\x01/live HTTP/1.1\r\n${host}`,
    'a mail': 'HELO localhost\r\nMAIL FROM:<a@b>\r\n',
  }
  return Object.entries(texts).map(([name, text]) =>
    // The one-line request of HTTP/0.9 is still understood, by Node's own parser.
    attack(name, text, /^(200|400 bad_request|404 not_found|nothing)$/, () =>
      allWords(target, text),
    ),
  )
}

/** Odd, and well-formed: they must be understood in one way only. */
function beside(target: Target): Attack[] {
  const cases: [string, string, RegExp][] = [...absolute(), ...upgrades(), ...expectations()]
  return cases.map(([name, text, expected]) =>
    attack(name, text.split('\r\n')[0] ?? '', expected, () => allWords(target, text)),
  )
}

type Case = [name: string, text: string, expected: RegExp]

const LENGTH = `Content-Length: ${HIDDEN.length}`
const CLOSE = 'Connection: close'

function text(line: string, ...lines: string[]): string {
  return [`${line} HTTP/1.1`, 'Host: localhost', ...lines, '', ''].join('\r\n')
}

function absolute(): Case[] {
  const foreign = text('GET http://evil.example/health/live', CLOSE)
  return [
    ['absolute URL of another host', foreign, /^(200|40[04] \w+)$/],
    ['asterisk', text('OPTIONS *', CLOSE), /^(40[04] \w+)$/],
    ['body of a GET', text('GET /health/live', LENGTH, CLOSE) + HIDDEN, /^200$/],
  ]
}

/** Behind an upgrade that is ignored the next request counts; behind a refused one nothing does. */
function upgrades(): Case[] {
  const room = 'GET /rooms/attack:a'
  const upgrade = ['Upgrade: websocket', 'Connection: Upgrade']
  const key = ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']
  const settings = 'HTTP2-Settings: AAMAAABk'
  const h2c = ['Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings', settings]
  const both = ['Upgrade: h2c, websocket', 'Connection: Upgrade']
  const live = 'GET /health/live'
  return [
    ['body of an upgrade', text(room, ...upgrade, LENGTH) + HIDDEN, /^40[01] \w+$/],
    ['a request behind a refused upgrade', text(room, ...upgrade, ...key) + HIDDEN, /^401 \w+$/],
    ['a request behind h2c', text(live, ...h2c) + HIDDEN, /^200(, 200)?$/],
    ['upgrade to both', text(live, ...both) + HIDDEN, /^(200(, 200)?|400 bad_request)$/],
  ]
}

function expectations(): Case[] {
  const body = ['Content-Type: application/json', 'Content-Length: 2', CLOSE]
  const posting = (expect: string) => `${text('POST /session', `Expect: ${expect}`, ...body)}{}`
  return [
    ['expects a continue', posting('100-continue'), /^(100, )?400 bad_request$/],
    // In an application Node itself answers, without a body.
    ['expects the impossible', posting('200-ok'), /^(4\d\d \w+|417 not JSON: , nothing)$/],
  ]
}

/** The socket is ended behind it: who was told to keep it would send a request into nothing. */
function refusedUpgrade({ port }: Target): Attack {
  return attack(
    'a refused upgrade says that the connection ends',
    'an upgrade without credential',
    '401 unauthorized, close',
    async () => {
      const [answer] = await exchange(port, upgradeBytes('/rooms/attack:a'))
      return `${wordsOf(answer)}, ${answer?.headers.get('connection')}`
    },
  )
}

/** A client that has gone away when it is refused has no address any more. */
function goneClients(target: Target): Attack {
  return attack(
    'clients that are gone when they are refused',
    '300 wrong requests, each with a reset behind it',
    'no error was logged',
    async () => {
      const errors = target.server.errorLines().length
      const bytes = requestBytes(posting('/session/refresh', [], '{"refreshToken"'))
      for (let count = 0; count < 300; count += 1) {
        const socket = openSocket(target.port)
        await once(socket, 'connect')
        socket.write(bytes, () => socket.resetAndDestroy())
      }
      await pause(200)
      return target.server.errorLines()[errors] ?? 'no error was logged'
    },
  )
}
