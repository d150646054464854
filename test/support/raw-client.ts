// A WebSocket client made of bare bytes: it can stop reading, break every rule, and leave frames
// unanswered.
import type { Socket } from 'node:net'
import { rawSocket, upgradeRequest } from './client.ts'
import {
  type ClientFrame,
  clientFrame,
  closingOf,
  OPCODE,
  type ParsedFrame,
  parseFrames,
} from './frames.ts'
import { closed, until } from './until.ts'

export class RawClient {
  readonly socket: Socket
  /** The HTTP answer up to its empty line; empty until that is here. */
  head = ''
  readonly frames: ParsedFrame[] = []
  /** Set when the other side has ended or the socket broke. */
  ended = false
  #bytes: Buffer = Buffer.alloc(0)

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('end', () => this.#end())
    socket.on('close', () => this.#end())
    socket.on('error', () => this.#end())
  }

  send(...frames: ClientFrame[]): void {
    this.socket.write(Buffer.concat(frames.map(clientFrame)))
  }

  /** The code and reason of the close frame, once it is here. */
  async closing(): Promise<{ code: number; reason: string }> {
    const find = () => this.frames.find(({ opcode }) => opcode === OPCODE.close)
    await until(() => find() !== undefined || this.ended)
    const frame = find()
    return frame ? closingOf(frame) : { code: 1006, reason: '' }
  }

  /** The status of the HTTP answer, once it is here; 0 when there was none. */
  async status(): Promise<number> {
    await until(() => this.head !== '' || this.ended)
    return Number(/^HTTP\/1\.[01] (\d{3})/.exec(this.head)?.[1] ?? 0)
  }

  /** The bytes of the body or of half a frame so far. */
  get rest(): string {
    return this.#bytes.toString()
  }

  #take(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk])
    if (this.head === '') {
      const end = this.#bytes.indexOf('\r\n\r\n')
      if (end < 0) return
      this.head = this.#bytes.toString('latin1', 0, end)
      this.#bytes = this.#bytes.subarray(end + 4)
    }
    if (!this.head.startsWith('HTTP/1.1 101')) return
    const { frames, rest } = parseFrames(this.#bytes)
    this.frames.push(...frames)
    this.#bytes = rest
  }

  #end(): void {
    this.ended = true
  }
}

/** Writes a request of any form, and reads the answer. */
export async function rawRequest(url: string, text: string): Promise<RawClient> {
  const client = new RawClient(await rawSocket(url))
  client.socket.write(text)
  return client
}

/** An open WebSocket; rejects when the upgrade is refused. */
export async function rawConnect(
  url: string,
  path: string,
  headers: Record<string, string | null> = {},
): Promise<RawClient> {
  const client = await rawRequest(url, upgradeRequest(path, headers))
  if ((await client.status()) !== 101) throw new Error(`refused: ${client.head}`)
  return client
}

/** Ends the connection with a reset, and resolves when our side is gone. */
export async function reset({ socket }: RawClient): Promise<void> {
  const gone = socket.destroyed ? null : closed(socket)
  socket.resetAndDestroy()
  await gone
}
