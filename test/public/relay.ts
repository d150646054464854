// A network that a test can cut and mend: it stands between the browser and the app.
import { connect, createServer, type Server, type Socket } from 'node:net'

interface Teardown {
  teardown(run: () => unknown): unknown
}

export class Relay {
  #server: Server | undefined
  #sockets = new Set<Socket>()
  #target = 0
  #port = 0

  /** The address that the browser opens. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async listen(t: Teardown): Promise<this> {
    t.teardown(() => this.cut())
    await this.mend()
    return this
  }

  /** Sets the app behind it, which starts later, since it must know the address as its origin. */
  leadTo(url: string): void {
    this.#target = Number(new URL(url).port)
  }

  /** The network fails: connections are reset, new ones refused. */
  async cut(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    for (const socket of this.#sockets) socket.resetAndDestroy()
    if (server) await new Promise((resolve) => server.close(resolve))
  }

  /** The network works again, at the same address. */
  async mend(): Promise<void> {
    const server = createServer((inbound) => this.#join(inbound))
    this.#server = server
    await new Promise<void>((resolve) => {
      server.listen(this.#port, '127.0.0.1', resolve)
    })
    const address = server.address()
    if (address !== null && typeof address === 'object') this.#port = address.port
  }

  #join(inbound: Socket): void {
    const outbound = connect(this.#target, '127.0.0.1')
    this.#watch(inbound, outbound)
    this.#watch(outbound, inbound)
    inbound.pipe(outbound).pipe(inbound)
  }

  #watch(socket: Socket, other: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => other.destroy())
    socket.on('close', () => {
      this.#sockets.delete(socket)
      other.destroy()
    })
  }
}
