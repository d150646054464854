// The private parts of Node's TCP sockets. Writing past the stream while nothing waits in it, since
// the system takes nearly every write at once; and dropping a timer that is no longer used. Both
// are tried at boot; where this release of Node is not as expected, neither is done
// (docs/decisions/0010-private-parts-tried-at-boot.md).
import { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/** What a stream writes to: the socket of the system. */
export interface Handle {
  /** Answers 0 when the system has taken all, and a write that waits when it has not. */
  writeBuffer(request: null, bytes: Buffer): number | WaitingWrite | undefined
}

/** The system has not taken all of it yet. */
export interface WaitingWrite {
  /** Called once, with a negative status when it failed. */
  oncomplete: (status: number) => void
  /** The status, if it was over before `oncomplete` was set; else null. */
  readonly writeStatus: number | null
  /** Keeps the bytes for as long as it waits. */
  buffer: Buffer
}

/** What waits in the stream: its length in bytes. */
export interface Waiting {
  readonly length: number
}

/** As far as it is used here. */
interface Parts {
  _handle: Handle | null
  _writableState: Waiting
}

/** Whether this release of Node writes as expected. */
const IS_AS_EXPECTED = writesAsExpected(() => new Socket())

/** Null where only the stream may write: what goes to TLS is not what goes to the system. */
export function handleOf(tcp: Socket): Handle | null {
  if (!IS_AS_EXPECTED || !(tcp instanceof Socket) || tcp instanceof TLSSocket) return null
  return (tcp as unknown as Parts)._handle
}

/** `tcp.writableLength` without the getter, which all streams share and which is slow for that. */
export function waitingOf(tcp: Socket): Waiting {
  return IS_AS_EXPECTED ? (tcp as unknown as Parts)._writableState : new WaitingInStream(tcp)
}

class WaitingInStream implements Waiting {
  readonly #tcp: Socket

  constructor(tcp: Socket) {
    this.#tcp = tcp
  }

  get length(): number {
    return this.#tcp.writableLength
  }
}

/**
 * Bytes of the write under way that the system has not taken; 0 where Node does not tell, so that
 * only whole writes are seen to be taken.
 */
export function queuedBytes(tcp: Socket): number {
  const { _handle: handle } = tcp as unknown as { _handle: { writeQueueSize?: unknown } | null }
  return typeof handle?.writeQueueSize === 'number' ? handle.writeQueueSize : 0
}

/**
 * All bytes that the system has taken, on TLS as they are on the wire; where Node does not tell,
 * what has left the stream.
 */
export function takenOf(tcp: Socket): number {
  const { _handle: handle } = (beneathTls(tcp) ?? tcp) as unknown as { _handle: Counts | null }
  const { bytesWritten, writeQueueSize } = handle ?? {}
  const isTold = typeof bytesWritten === 'number' && typeof writeQueueSize === 'number'
  return isTold ? bytesWritten - writeQueueSize : tcp.bytesWritten - tcp.writableLength
}

interface Counts {
  bytesWritten?: unknown
  writeQueueSize?: unknown
}

/** Whether an answer on this TCP connection has not left whole; false where Node does not tell. */
export function owesAnswer(tcp: Socket | undefined): boolean {
  const { _httpMessage: response } = (tcp ?? {}) as { _httpMessage?: unknown }
  return typeof response === 'object' && response !== null
}

/** The TCP connection beneath a TLS socket; null where Node does not tell. */
export function beneathTls(socket: Socket): Socket | null {
  if (!(socket instanceof TLSSocket)) return socket
  const { _parent: tcp } = socket as unknown as { _parent?: unknown }
  return tcp instanceof Socket ? tcp : null
}

/** Looks how a new stream writes to a handle that takes all, and one to a handle that does not. */
export function writesAsExpected(open: () => Socket): boolean {
  const bytes = Buffer.from('a')
  const write = { oncomplete: null, writeStatus: null, buffer: null }
  try {
    const atOnce = writeTo(open(), bytes, 0)
    const later = writeTo(open(), bytes, write)
    const isWaiting = typeof write.oncomplete === 'function' && write.buffer === bytes
    return atOnce === 0 && later === bytes.length && isWaiting
  } catch {
    return false
  }
}

/** What then waits in the stream; null when it writes in another way. */
function writeTo(stream: Socket, bytes: Buffer, answer: unknown): number | null {
  const given: unknown[] = []
  const writeBuffer = (...parts: unknown[]): unknown => {
    given.push(...parts)
    return answer
  }
  stream.on('error', () => undefined)
  Object.assign(stream, { _handle: { writeBuffer } })
  stream.write(bytes)
  if (given.length !== 2 || given[0] !== null || given[1] !== bytes) return null
  return (stream as unknown as Parts)._writableState.length
}

/** Where a socket keeps its timer; null where this release of Node keeps it in another place. */
const TIMER = timerOf(new Socket())

/**
 * Drops the timer of a socket that had a timeout and has none any more. Node would keep it for as
 * long as the socket lives, and touch it with every read and write.
 */
export function dropTimer(tcp: Socket): void {
  if (TIMER === null || tcp.timeout !== 0) return
  const timers = tcp as unknown as Record<symbol, object | null>
  if (timers[TIMER]) timers[TIMER] = null
}

/** The one symbol under which there is a timer while the socket has a timeout, and null before. */
export function timerOf(stream: Socket): symbol | null {
  const timers = stream as unknown as Record<symbol, unknown>
  const empty = Object.getOwnPropertySymbols(stream).filter((symbol) => timers[symbol] === null)
  stream.setTimeout(1_000_000)
  const found = empty.filter((symbol) => isTimer(timers[symbol]))
  stream.setTimeout(0)
  const [timer = null] = found
  return found.length === 1 ? timer : null
}

function isTimer(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'refresh' in value && 'hasRef' in value
}
