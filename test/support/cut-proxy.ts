// A TCP proxy in front of a server, which a test cuts and points to the next server.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { Transform } from 'node:stream'
import type { Teardown } from './program.ts'

export class CutProxy {
  /** How many connections have come. */
  taken = 0
  #target: number
  #isHeld = false
  #delayMs = (): number => 0
  readonly #pairs = new Set<[Socket, Socket]>()
  readonly #server = createServer((socket) => this.#take(socket))

  constructor(target: number) {
    this.#target = target
  }

  get url(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  /** The port of the server from now on. */
  pointTo(target: number): void {
    this.#target = target
  }

  /** Every TCP connection breaks, wherever it is in a frame. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy()
  }

  /** Takes connections, and passes nothing on until it is told to: a link that hangs. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld
    for (const pair of this.#pairs) for (const socket of pair) this.#holdOne(socket)
  }

  /** What comes from now on is passed on so much later, in its order, each way. */
  delay(ms: () => number): void {
    this.#delayMs = ms
  }

  close(): void {
    this.#server.close()
    this.cut()
  }

  #take(client: Socket): void {
    this.taken += 1
    const server = connect({ port: this.#target, host: '127.0.0.1' })
    const pair: [Socket, Socket] = [client, server]
    this.#pairs.add(pair)
    for (const socket of pair) {
      socket.setNoDelay()
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        this.#pairs.delete(pair)
        for (const other of pair) other.destroy()
      })
    }
    client.pipe(this.#way()).pipe(server).pipe(this.#way()).pipe(client)
    for (const socket of pair) this.#holdOne(socket)
  }

  /** One direction of a connection. */
  #way(): Transform {
    // Timers may fire in another order than they are due.
    const waiting: Buffer[] = []
    let due = 0
    const way = new Transform({
      transform: (chunk: Buffer, _, taken) => {
        const ms = this.#delayMs()
        if (ms === 0 && waiting.length === 0) return taken(null, chunk)
        due = Math.max(due, performance.now() + ms)
        waiting.push(chunk)
        setTimeout(() => way.push(waiting.shift()), due - performance.now())
        taken()
      },
    })
    return way
  }

  #holdOne(socket: Socket): void {
    if (this.#isHeld) socket.pause()
    else socket.resume()
  }
}

/** In front of the server with this URL, or of none yet; closed when the test is over. */
export async function cutProxy(t: Teardown, url?: string): Promise<CutProxy> {
  const proxy = new CutProxy(url === undefined ? 0 : Number(new URL(url).port))
  t.teardown(() => proxy.close())
  await proxy.listen()
  return proxy
}
