// The Unix socket in the data folder through which `usher user` asks a running server. A client
// writes one line of JSON and gets one; the folder's owner alone may connect.
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
} from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Clock } from '../time/clock.ts'

export interface OperatorSocketParts {
  folder: string
  clock: Clock
  /** Answers what the line said; MUST NOT reject. */
  answer(request: unknown): Promise<object>
}

export interface OperatorSocket {
  /** Ends once what was asked is answered. May be called twice. */
  close(): Promise<void>
}

/** Its name in the data folder. */
export const SOCKET_FILE = 'usher.sock'
/** The socket is made in a folder of its own: others could connect before its mode is set. */
const DRAFT = 'usher.sock.new'
/** In bytes, on every system: Linux allows 107, others fewer. */
const PATH_MAX = 103
const OPEN_FILES = '/proc/self/fd'
/** Longer than any name and password, written with escapes. */
const LINE_MAX = 4_096
const CONNECTIONS_MAX = 8
/** How long a client may take, with the hash of a password that waits for its turn. */
const LIFE_MS = 30_000

/** Where a socket is reached; `close` when it is no longer needed. */
interface SocketAddress {
  path: string
  close(): void
}

/**
 * The address of the socket in a folder, or of its draft. Where the path is too long it is that of
 * an open folder, as Linux has it; null elsewhere. @throws Error where there is no such folder
 */
export function socketAddress(folder: string, file = SOCKET_FILE): SocketAddress | null {
  const path = join(folder, file)
  if (Buffer.byteLength(path) <= PATH_MAX) return { path, close: () => undefined }
  if (!existsSync(OPEN_FILES)) return null
  const open = openSync(folder, 'r')
  return { path: join(OPEN_FILES, String(open), file), close: () => closeSync(open) }
}

/**
 * MUST be called by the process that has locked the folder: it replaces the socket that a killed
 * process left. @throws Error where the folder takes no socket
 */
export async function openOperatorSocket(parts: OperatorSocketParts): Promise<OperatorSocket> {
  const { folder } = parts
  const draft = socketAddress(folder, join(DRAFT, SOCKET_FILE))
  if (draft === null) throw new Error(`the path of ${folder} is too long for a socket`)
  const running = new Set<Promise<void>>()
  const waiting = new Set<Socket>()
  const server = createServer((socket) => serve(socket, parts, { running, waiting }))
  server.maxConnections = CONNECTIONS_MAX
  try {
    await place(server, folder, draft.path)
  } catch (error) {
    // Else it would listen on, and keep the process of an application that has closed.
    server.close(draft.close)
    rmSync(join(folder, DRAFT), { recursive: true, force: true })
    throw error
  }
  server.unref()
  let closed: Promise<void> | null = null
  const close = async (): Promise<void> => {
    server.close(draft.close)
    for (const socket of waiting) socket.destroy()
    await Promise.all(running)
    rmSync(join(folder, SOCKET_FILE), { force: true })
  }
  return {
    close: () => {
      closed ??= close()
      return closed
    },
  }
}

/** Listens at the path of the draft, and then puts the socket where the command looks for it. */
async function place(server: Server, folder: string, path: string): Promise<void> {
  rmSync(join(folder, DRAFT), { recursive: true, force: true })
  mkdirSync(join(folder, DRAFT), { mode: 0o700 })
  await begin(server, path)
  chmodSync(path, 0o600)
  renameSync(path, join(folder, SOCKET_FILE))
  rmdirSync(join(folder, DRAFT))
}

function begin(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.on('error', () => undefined)
      resolve()
    })
  })
}

/** The answers under way, and the connections of which no request has come yet. */
interface Open {
  running: Set<Promise<void>>
  waiting: Set<Socket>
}

function serve(socket: Socket, { clock, answer }: OperatorSocketParts, open: Open): void {
  const late = clock.after(LIFE_MS, () => socket.destroy())
  let text = ''
  open.waiting.add(socket)
  socket.on('error', () => undefined)
  socket.on('close', () => {
    late.cancel()
    open.waiting.delete(socket)
  })
  socket.setEncoding('utf8').on('data', (part: string) => {
    if (!open.waiting.has(socket)) return
    text += part
    const end = text.indexOf('\n')
    if (end < 0 && text.length > LINE_MAX) socket.destroy()
    if (end < 0) return
    open.waiting.delete(socket)
    const told = answer(parsed(text.slice(0, end))).then((said) => {
      socket.write(`${JSON.stringify(said)}\n`)
      // A client that keeps its side open would keep the process of an application.
      socket.destroySoon()
    })
    open.running.add(told)
    told.finally(() => open.running.delete(told))
  })
}

/** Null for what is no JSON. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}
