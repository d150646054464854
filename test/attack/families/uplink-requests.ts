// Requests with commands whose bodies cannot be read, are too large, or do not come: their bytes
// count, however they come (S43).
import { type Attack, attack, type Family } from '../attack.ts'
import { sending, streamOf } from '../reply-streams.ts'
import type { Target } from '../target.ts'
import {
  exchange,
  firstAnswer,
  type Headers,
  openSocket,
  pause,
  requestBytes,
  wordsOf,
} from '../wire.ts'

const TYPE: Headers = [['Content-Type', 'application/json']]

export const uplinkRequests: Family = {
  title: 'uplink-requests',
  homes: ['alone'],
  parts: [unreadable, floods, stopped],
}

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

function unreadable(target: Target): Attack[] {
  const BAD = '400 bad_request'
  const bodies: Record<string, [string | Buffer, string]> = {
    nothing: ['', BAD],
    'no JSON': ['{', BAD],
    null: ['null', BAD],
    'deep, 250 KB': [nested(125_000), BAD],
    'a session that is a number': ['{"node":"a","session":1,"data":""}', BAD],
    'data that is an object': ['{"node":"a","session":"b","data":{}}', BAD],
    prototype: ['{"__proto__":{"node":"a","session":"b","data":""}}', BAD],
    'over its size': [`{"data":"${'x'.repeat(600_000)}"}`, '413 too_large'],
  }
  const binary: Record<string, [Buffer, string]> = {
    'an overlong varint': [Buffer.alloc(11, 0xff), BAD],
    'a length past the end': [Buffer.from([0x0a, 0xff, 0x7f]), BAD],
    'a field with the number 0': [Buffer.from([2, 0, 1]), BAD],
  }
  const one = (type: string, [name, [body, expected]]: [string, [string | Buffer, string]]) =>
    attack(`a body: ${name}`, type, expected, () =>
      target.words({
        ...{ method: 'POST', path: '/emulation', body },
        headers: [['Content-Type', type]],
      }),
    )
  return [
    ...Object.entries(bodies).map((entry) => one('application/json', entry)),
    ...Object.entries(binary).map((entry) => one('application/octet-stream', entry)),
    attack('10 GB announced', 'Content-Length', '413 too_large', () =>
      headed(target, [...TYPE, ['Content-Length', '10000000000']]),
    ),
    attack('an expectation', 'Expect: 100-continue', '100', () =>
      headed(target, [...TYPE, ['Content-Length', '10'], ['Expect', '100-continue']]),
    ),
  ]
}

function floods(target: Target): Attack[] {
  return [
    attack('half a command', 'behind a whole one', '3501 bad request', async () => {
      const { stream, uplink } = await streamOf(target)
      await target.words(sending({ ...uplink, data: '{}\n{"id":2,"publ' }))
      return stream.closeWords()
    }),
    attack('a second connect', '{"id":2,"connect":{}}', '3501 bad request', async () => {
      const { stream, uplink } = await streamOf(target)
      await target.words(sending({ ...uplink, data: '{"id":2,"connect":{}}' }))
      return stream.closeWords()
    }),
    attack('a flood of commands', '256 KB of {}', '3013 too many requests', async () => {
      const { stream, uplink } = await streamOf(target)
      await target.words(sending({ ...uplink, data: '{}\n'.repeat(80_000) }))
      return stream.closeWords()
    }),
    attack('requests ahead of the answers', '20 of them', '17 × 204, then 429', async () => {
      const { stream, uplink } = await streamOf(target)
      const kept: Headers = [['Connection', 'keep-alive']]
      const one = requestBytes(sending({ ...uplink, data: '{}' }, kept))
      const answers = await exchange(target.port, Buffer.concat(Array(20).fill(one)), { ms: 2_000 })
      stream.socket.destroy()
      const fine = answers.filter(({ status }) => status === 204).length
      return `${fine} × 204, then ${answers[fine]?.status}`
    }),
  ]
}

/** Sends a head alone. */
async function headed({ port }: Target, headers: Headers): Promise<string> {
  const [answer] = await exchange(
    port,
    requestBytes({ method: 'POST', path: '/emulation', headers }),
    { ms: 1_000 },
  )
  return wordsOf(answer)
}

const CHUNKED: Headers = [...TYPE, ['Transfer-Encoding', 'chunked']]

/** Bodies that do not end. */
function stopped(target: Target): Attack[] {
  const all = ['/emulation', '/connection/http_stream', '/session']
  const paths = target.short ? all.slice(0, 1) : all
  return paths.flatMap((path) => [
    attack(
      `bodies that stop at ${path}`,
      '40 of 250 KB from one address',
      'some refused with 429 too_many_requests, others are answered',
      () => stopping(target, path),
    ),
    attack(
      `bodies in pieces of a byte at ${path}`,
      `${PIECED} of 100 KB at once`,
      'no more than 80 MiB',
      () => inPieces(target, path),
    ),
  ])
}

async function stopping(target: Target, path: string): Promise<string> {
  const body = ' '.repeat(250_000)
  const bytes = requestBytes({ method: 'POST', path, headers: TYPE, body }).subarray(0, -1)
  const from = '127.77.0.1'
  const sockets = Array.from({ length: 40 }, () => openSocket(target.port, from))
  const answers = sockets.map((socket) => firstAnswer(socket, bytes))
  const refused = wordsOf(await Promise.race(answers))
  const other = await target.ask({ ...sending(`${body}{}`), from: '127.77.0.2' })
  for (const socket of sockets) socket.destroy()
  const others = other.status === 400 ? 'others are answered' : `others get ${other.status}`
  return `some refused with ${refused}, ${others}`
}

const PIECED = 6

/** The most that the server has while they come, until each is answered. */
async function inPieces({ port, server: { program } }: Target, path: string): Promise<string> {
  const before = program.rssMiB()
  const head = requestBytes({ method: 'POST', path, headers: CHUNKED })
  const bytes = Buffer.concat([head, Buffer.from(`${'1\r\n \r\n'.repeat(100_000)}0\r\n\r\n`)])
  const sockets = Array.from({ length: PIECED }, () => openSocket(port))
  let isOver = false
  const answered = Promise.all(sockets.map((socket) => firstAnswer(socket, bytes, 20_000)))
  void answered.then(() => (isOver = true))
  let most = before
  while (!isOver) {
    await pause(20)
    most = Math.max(most, program.rssMiB())
  }
  for (const socket of sockets) socket.destroy()
  return most - before <= 80 ? 'no more than 80 MiB' : `${most - before} MiB`
}
