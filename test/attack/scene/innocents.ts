// A process of a hundred members who talk, while others log in and read history. Each line on its
// standard input ends a phase, whose figures it prints.
import { createInterface } from 'node:readline'
import { clientFrame, closingOf, OPCODE, parseFrames } from '../../support/frames.ts'
import { posting } from '../target.ts'
import { type Ask, ask, firstAnswer, openSocket, upgradeBytes, wordsOf } from '../wire.ts'

/** What they are told. */
export interface Innocence {
  port: number
  /** Where each member joins. */
  joins: readonly string[]
  logIn: { username: string; password: string }
  page: Ask
}

/** How they fared in a phase. */
export interface Fared {
  /** Milliseconds until a message was heard, 99 of 100. */
  p99: number
  /** Milliseconds of the slowest log-in, and of the slowest page of history. */
  logIn: number
  page: number
  /** What went wrong, in words. */
  wrongs: string[]
}

const SEND_MS = 100
const LOG_IN_MS = 700
const PAGE_MS = 200
const PATIENCE_MS = 15_000

const { port, joins, logIn, page } = JSON.parse(process.argv[2] ?? '') as Innocence
let heard: number[] = []
let times = { logIn: 0, page: 0 }
let wrongs: string[] = []
/** Of each message that was sent: how many are still to hear it, and since when. */
const waiting = new Map<string, { since: number; members: number }>()

const members = await Promise.all(joins.map((path, at) => member(path, `127.77.0.${1 + at}`)))
let sent = 0
setInterval(() => {
  const text = String(sent)
  waiting.set(text, { since: performance.now(), members: members.length })
  members[sent % members.length]?.write(clientFrame({ opcode: OPCODE.text, payload: text }))
  sent += 1
}, SEND_MS)
repeat('logIn', LOG_IN_MS, posting('/session', [], JSON.stringify(logIn)), '127.78.0.1')
repeat('page', PAGE_MS, page, '127.78.0.2')
process.stdout.write('ready\n')

for await (const _line of createInterface({ input: process.stdin })) {
  const late = [...waiting.values()].map(({ since }) => performance.now() - since)
  const all = [...heard, ...late].sort((a, b) => a - b)
  const p99 = all[Math.floor(all.length * 0.99)] ?? 0
  const fared: Fared = { p99, ...times, wrongs: [...new Set(wrongs)] }
  process.stdout.write(`fared ${JSON.stringify(fared)}\n`)
  heard = []
  wrongs = []
  times = { logIn: 0, page: 0 }
}

async function member(path: string, from: string) {
  const socket = openSocket(port, from)
  const answer = await firstAnswer(socket, upgradeBytes(path))
  if (answer?.status !== 101) throw new Error(`a member is refused: ${wordsOf(answer)}`)
  socket.removeAllListeners('data')
  let bytes: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    const { frames, rest } = parseFrames(Buffer.concat([bytes, chunk]))
    bytes = Buffer.from(rest)
    for (const frame of frames) {
      const { opcode, payload } = frame
      if (opcode === OPCODE.text) hears(payload.toString())
      if (opcode === OPCODE.close) wrongs.push(`closed with ${closingOf(frame).code}`)
      if (opcode === OPCODE.ping) socket.write(clientFrame({ opcode: OPCODE.pong, payload }))
    }
  })
  socket.on('close', () => wrongs.push('a member was cut'))
  return socket
}

function hears(text: string): void {
  const message = waiting.get(text)
  if (!message) return
  heard.push(performance.now() - message.since)
  message.members -= 1
  if (message.members === 0) waiting.delete(text)
}

/** One after the other: an answer that does not come is one wrong, not many. */
async function repeat(what: keyof typeof times, ms: number, request: Ask, from: string) {
  for (;;) {
    const start = performance.now()
    const words = wordsOf(await ask(port, { ...request, from, ms: PATIENCE_MS }))
    times[what] = Math.max(times[what], performance.now() - start)
    if (words !== '200') wrongs.push(`${what} ${words}`)
    await new Promise((resolve) => setTimeout(resolve, ms))
  }
}
