// Handshakes that announce a body, finished or not: what Node hands to the listeners of an upgrade
// is then no socket, and a call that it lacks would end the process (S41).
import { type Attack, attack, type Family } from '../attack.ts'
import { allRequests } from '../routes.ts'
import { HOMES, type Target } from '../target.ts'
import { type Headers, openSocket, pause, upgradeBytes } from '../wire.ts'

const HELLO = 'hello'
const CHUNKED: Headers = [['Transfer-Encoding', 'chunked']]
const KINDS: Readonly<Record<string, readonly [headers: Headers, body: string]>> = {
  'a body': [[['Content-Length', '5']], HELLO],
  'half a body': [[['Content-Length', '500']], HELLO],
  'a body of chunks': [CHUNKED, '5\r\nhello\r\n0\r\n\r\n'],
  'half a body of chunks': [CHUNKED, '500\r\nhello'],
  'a broken body of chunks': [CHUNKED, 'x\r\nhello\r\n'],
  'a body of no bytes': [[['Content-Length', '0']], ''],
  'an expectation': [[['Expect', '100-continue']], ''],
  'an expectation and a body': [
    [
      ['Expect', '100-continue'],
      ['Content-Length', '5'],
    ],
    HELLO,
  ],
}
/** Beside `websocket`: others that Node may take for an upgrade. */
const UPGRADES = ['websocket', 'WebSocket', 'h2c', 'websocket, h2c', '']
const HOST_PATHS = ['/mine', '/mine/echo']

export const upgrades: Family = {
  title: 'upgrades',
  homes: HOMES,
  shortHomes: HOMES,
  parts: [withBodies, connecting],
}

async function withBodies(target: Target): Promise<Attack[]> {
  const asks = await allRequests(target.prefix)
  const paths = [...new Set([...asks.map(({ path }) => path), ...HOST_PATHS])]
  return Object.entries(KINDS).map(([name, [headers, body]]) =>
    attack(
      `a handshake with ${name}`,
      `${UPGRADES.length} upgrades to each of ${paths.length} paths`,
      'alive, no error was logged',
      () =>
        sendAll(
          target,
          paths.flatMap((path) => handshakes(path, headers, body)),
        ),
    ),
  )
}

function handshakes(path: string, headers: Headers, body: string): Buffer[] {
  return UPGRADES.map((upgrade) => {
    const head = upgradeBytes(path, headers).toString('latin1')
    return Buffer.from(head.replace('Upgrade: websocket', `Upgrade: ${upgrade}`) + body, 'latin1')
  })
}

/** CONNECT has a listener of its own in Node. */
function connecting(target: Target): Attack {
  const lines = ['CONNECT localhost:80', 'CONNECT /rooms/open:a', 'TRACE /', 'QUERY /session']
  return attack('methods of their own', lines.join(', '), 'alive, no error was logged', () =>
    sendAll(
      target,
      lines.map((line) => Buffer.from(`${line} HTTP/1.1\r\nHost: localhost\r\n\r\n${HELLO}`)),
    ),
  )
}

const AT_ONCE = 50

async function sendAll(target: Target, requests: readonly Buffer[]): Promise<string> {
  const errors = target.server.errorLines().length
  for (let at = 0; at < requests.length; at += AT_ONCE) {
    const sockets = requests.slice(at, at + AT_ONCE).map((bytes, index) => {
      const socket = openSocket(target.port).resume()
      // Some end their half, the others wait.
      if (index % 2 === 0) socket.end(bytes)
      else socket.write(bytes)
      return socket
    })
    await pause(25)
    for (const socket of sockets) socket.destroy()
  }
  await pause(100)
  const { program } = target.server
  const [line] = target.server.errorLines().slice(errors)
  return `${program.isRunning ? 'alive' : 'dead'}, ${line ?? 'no error was logged'}`
}
