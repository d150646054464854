// Answers that are asked for faster than they can be given, and answers that are not read: both are
// bounded for each TCP connection (S42), and one that is read slowly comes whole.
import { type Attack, attack, type Family } from '../attack.ts'
import { bearerHeaders, HOMES, posting, type Target } from '../target.ts'
import {
  type Answer,
  answersIn,
  exchange,
  openSocket,
  pause,
  requestBytes,
  wordsOf,
} from '../wire.ts'

const AHEAD = 16
const FILE = '/docs/static/swagger-ui-bundle.js'
const KEPT = [['Connection', 'keep-alive']] as const
/** `outboxSeconds`, and what finding it out may take. */
const UNREAD_MS = 25_000
const CONNECTIONS = 10

export const answers: Family = {
  title: 'answers',
  homes: HOMES,
  shortHomes: HOMES,
  parts: [ahead, unread],
}

function live({ prefix }: Target, count: number): Buffer[] {
  const one = requestBytes({ path: `${prefix}/health/live`, headers: KEPT })
  return Array<Buffer>(count).fill(one)
}

/** A log-in, whose password is hashed; or a room about which the application thinks for a while. */
function slow({ victim, prefix, home }: Target): Buffer {
  const headers = [...KEPT, ...bearerHeaders(victim)]
  if (home === 'prefix') return requestBytes({ path: `${prefix}/rooms/odd:true-slowly`, headers })
  const body = JSON.stringify({ username: victim.username, password: victim.password })
  return requestBytes(posting('/session', KEPT, body))
}

function ahead(target: Target): Attack[] {
  const asking = (count: number) => async (): Promise<string> => {
    const last = requestBytes({ path: `${target.prefix}/health/live` })
    const bytes = Buffer.concat([slow(target), ...live(target, count - 1), last])
    return runs(await exchange(target.port, bytes, { ms: 3_000 }))
  }
  return [
    attack(
      'as many requests behind a slow one as may wait',
      `${AHEAD} of them`,
      `${AHEAD + 1} × 200, close`,
      asking(AHEAD),
    ),
    attack(
      'more requests behind a slow one',
      '1,000 of them',
      `${AHEAD + 1} × 200, 1 × 429 too_many_requests, close`,
      asking(1_000),
    ),
  ]
}

/** Equal answers behind each other as one, and whether the connection goes on. */
function runs(answers: readonly Answer[]): string {
  const words = answers.map(wordsOf)
  const changes = words.map((_, at) => at).filter((at) => words[at] !== words[at - 1])
  const counts = changes.map((at, index) => {
    return `${(changes[index + 1] ?? words.length) - at} × ${words[at]}`
  })
  const goesOn = answers.at(-1)?.headers.get('connection') !== 'close'
  return [...counts, goesOn ? 'kept' : 'close'].join(', ')
}

function unread(target: Target): Attack[] {
  if (target.short) return []
  const waited = `waited ${UNREAD_MS / 1_000} s`
  return [
    attack('answers that are not read end their connection', waited, 'all are ended', async () => {
      const { program } = target.server
      const before = program.openFiles()
      const bytes = Buffer.concat(files(target, AHEAD))
      const sockets = Array.from({ length: CONNECTIONS }, () => openSocket(target.port).pause())
      for (const socket of sockets) socket.write(bytes)
      await pause(UNREAD_MS)
      const left = program.openFiles() - before
      for (const socket of sockets) socket.destroy()
      return left <= 0 ? 'all are ended' : `${left} are left`
    }),
    attack('an answer that is read slowly comes whole', 'for some 25 s', 'whole', () =>
      readSlowly(target),
    ),
  ]
}

function files({ prefix }: Target, count: number): Buffer[] {
  return Array<Buffer>(count).fill(requestBytes({ path: `${prefix}${FILE}`, headers: KEPT }))
}

/** So much every so often: less than a connection takes by itself, for longer than silence may. */
const PIECE = 64 * 1_024
const PIECE_MS = 250
const ANSWERS = 4

async function readSlowly(target: Target): Promise<string> {
  const socket = openSocket(target.port)
  const chunks: Buffer[] = []
  let piece = 0
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    piece += chunk.length
    if (piece >= PIECE) socket.pause()
  })
  socket.write(Buffer.concat(files(target, ANSWERS)))
  const start = performance.now()
  const came = () => answersIn(Buffer.concat(chunks)).answers.length
  while (performance.now() - start < 90_000 && came() < ANSWERS && !socket.closed) {
    piece = 0
    socket.resume()
    await pause(PIECE_MS)
  }
  socket.destroy()
  const seconds = (performance.now() - start) / 1_000
  return came() < ANSWERS ? `cut after ${seconds} s` : seconds < 15 ? `too fast` : 'whole'
}
