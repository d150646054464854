// HTTP as bytes on a socket: nothing here corrects, merges or refuses what an attack writes.
import { once } from 'node:events'
import { type AddressInfo, connect as connectTcp, type Server, type Socket } from 'node:net'
import { upgradeRequest } from '../support/client.ts'
import { type RawClient, rawRequest } from '../support/raw-client.ts'

export interface Answer {
  status: number
  headers: ReadonlyMap<string, string>
  body: string
}

export type Headers = readonly (readonly [name: string, value: string])[]

export interface Ask {
  method?: string
  path: string
  headers?: Headers
  body?: string | Buffer
  /** The loopback address to come from. */
  from?: string
  /** How long an answer may take. */
  ms?: number
}

const PATIENCE_MS = 5_000

export function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms))
}

/** What `work` comes to, or `late` when that takes too long. */
export async function within<T, L>(ms: number, work: Promise<T>, late: L): Promise<T | L> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<L>((resolve) => {
    timer = setTimeout(() => resolve(late), ms)
  })
  try {
    return await Promise.race([work, deadline])
  } finally {
    clearTimeout(timer)
  }
}

/** A socket from any loopback address, which never throws for being cut. */
export function openSocket(port: number, from?: string): Socket {
  const local = from === undefined ? {} : { localAddress: from }
  const socket = connectTcp({ port, host: '127.0.0.1', ...local })
  socket.on('error', () => undefined)
  return socket
}

/** Starts a server of the attacker's, and gives its port. */
export async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** The bytes of a request that is well framed, whatever stands in it. */
export function requestBytes({ method = 'GET', path, headers = [], body }: Ask): Buffer {
  const content = body === undefined ? null : Buffer.from(body)
  const all = [
    ...(has(headers, 'host') ? [] : [['Host', 'localhost']]),
    ...headers,
    ...(content === null ? [] : [['Content-Length', String(content.length)]]),
    ...(has(headers, 'connection') ? [] : [['Connection', 'close']]),
  ]
  const lines = all.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines}\r\n`, 'latin1')
  return content === null ? head : Buffer.concat([head, content])
}

function has(headers: Headers, name: string): boolean {
  return headers.some(([given]) => given.toLowerCase() === name)
}

/** Sends bytes and reads every answer until the server closes, or `ms` is over. */
export async function exchange(
  port: number,
  bytes: Buffer | string,
  { from, ms = PATIENCE_MS }: { from?: string | undefined; ms?: number | undefined } = {},
): Promise<Answer[]> {
  const socket = openSocket(port, from)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.write(bytes)
  await within(ms, closed, undefined)
  socket.destroy()
  const { answers, rest } = answersIn(Buffer.concat(chunks))
  // To HEAD the length is that of a body which does not come.
  const cut = headIn(rest)
  return cut === null ? answers : [...answers, cut.answer]
}

/** The one answer to one request; status 0 when none came. */
export async function ask(port: number, request: Ask): Promise<Answer> {
  const { from, ms } = request
  const [answer] = await exchange(port, requestBytes(request), { from, ms })
  return answer ?? { status: 0, headers: new Map(), body: '' }
}

/** All answers that are complete in these bytes, and what is left. Upgrades end the reading. */
export function answersIn(bytes: Buffer): { answers: Answer[]; rest: Buffer } {
  const answers: Answer[] = []
  let rest = bytes
  for (let found = headIn(rest); found !== null; found = headIn(rest)) {
    if (found.after > rest.length) break
    answers.push(found.answer)
    rest = rest.subarray(found.after)
    if (found.answer.status === 101) break
  }
  return { answers, rest }
}

/** The answer at the front, as far as it is here, and where the next one begins. */
function headIn(bytes: Buffer): { answer: Answer; after: number } | null {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return null
  const [start = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const headers = new Map(lines.map(headerOf))
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(start)?.[1] ?? 0)
  const after = end + 4 + Number(headers.get('content-length') ?? 0)
  return { answer: { status, headers, body: bytes.toString('utf8', end + 4, after) }, after }
}

function headerOf(line: string): [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
}

/** An answer in words: its status, and the machine word of a refusal. */
export function wordsOf(answer: Answer | undefined): string {
  if (answer === undefined || answer.status === 0) return 'nothing'
  if (answer.status < 400) return String(answer.status)
  return `${answer.status} ${wordIn(answer.body)}`
}

function wordIn(body: string): string {
  try {
    const { error, code, message, ...more } = JSON.parse(body)
    const odd = Object.keys(more).length > 0 || typeof message !== 'string' || code < 100
    return odd ? `odd body ${body.slice(0, 80)}` : String(error)
  } catch {
    return `not JSON: ${body.slice(0, 60)}`
  }
}

/** A WebSocket of bare bytes, whether or not it was let in. */
export async function upgrade(
  url: string,
  path: string,
  headers: Record<string, string | null> = {},
): Promise<RawClient> {
  const client = await rawRequest(url, upgradeRequest(path, headers))
  await within(PATIENCE_MS, client.status(), 0)
  return client
}

/** How an upgrade was answered, in the words of `wordsOf`; the socket is ended. */
export async function upgradeWords(
  port: number,
  path: string,
  headers: Headers = [],
  from?: string,
): Promise<string> {
  const socket = openSocket(port, from)
  const answer = await firstAnswer(socket, upgradeBytes(path, headers))
  socket.destroy()
  return wordsOf(answer)
}

/** Writes a request and resolves with the first whole answer; the socket stays open. */
export async function firstAnswer(
  socket: Socket,
  bytes: Buffer,
  ms = PATIENCE_MS,
): Promise<Answer | undefined> {
  let received: Buffer = Buffer.alloc(0)
  const found = new Promise<Answer | undefined>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      const [answer] = answersIn(received).answers
      if (answer) resolve(answer)
    })
    socket.once('close', () => resolve(answersIn(received).answers[0]))
  })
  socket.write(bytes)
  return within(ms, found, undefined)
}

export const UPGRADE_HEADERS: Headers = [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'websocket'],
  ['Sec-WebSocket-Version', '13'],
  ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
]

/** Like `upgradeRequest`, and headers may come more than once. */
export function upgradeBytes(path: string, headers: Headers = []): Buffer {
  return requestBytes({ path, headers: [...UPGRADE_HEADERS, ...headers] })
}

/** How a WebSocket ended: its close code, or 1006 when it was cut. */
export async function closeWords(client: RawClient, ms = PATIENCE_MS): Promise<string> {
  const closing = await within(ms, client.closing(), null)
  client.socket.destroy()
  if (closing === null) return 'still open'
  return closing.reason === '' ? `${closing.code}` : `${closing.code} ${closing.reason}`
}
