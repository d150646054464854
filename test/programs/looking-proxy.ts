// A small proxy in front of nodes, as deploy/nodes/ has large ones: it asks each node again and
// again whether it is ready, and a TCP connection goes to the next one that was at the last look.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { Teardown } from '../support/program.ts'

/** As in deploy/nodes/. */
const LOOK_MS = 1_000

export class LookingProxy {
  /** Nodes whose port was closed when a client was sent to them. */
  readonly closedPorts: string[] = []
  /** By their URL, and whether they were ready. Those that are gone stay: it still asks them. */
  readonly #nodes = new Map<string, boolean>()
  readonly #sockets = new Set<Socket>()
  readonly #server = createServer((client) => this.#take(client))
  #turn = 0
  #isOver = false

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  /** Resolves when it has looked at it for the first time. */
  async add(node: string): Promise<void> {
    await this.#look(node)
    void this.#keepLooking(node)
  }

  close(): void {
    this.#isOver = true
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  async #keepLooking(node: string): Promise<void> {
    while (!this.#isOver) {
      await pause(LOOK_MS)
      await this.#look(node)
    }
  }

  async #look(node: string): Promise<void> {
    const answer = await fetch(`${node}/health/ready`).catch(() => null)
    await answer?.text()
    this.#nodes.set(node, answer?.ok === true)
  }

  #next(): string {
    const ready = [...this.#nodes].filter(([, isReady]) => isReady).map(([node]) => node)
    this.#turn += 1
    return ready[this.#turn % ready.length] ?? ''
  }

  #take(client: Socket): void {
    const node = this.#next()
    const server = connect(Number(new URL(node).port), '127.0.0.1')
    server.once('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'ECONNREFUSED') this.closedPorts.push(node)
    })
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket)
      socket.setNoDelay()
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  }
}

/** Closed when the test is over. */
export async function lookingProxy(t: Teardown, nodes: readonly string[]): Promise<LookingProxy> {
  const proxy = new LookingProxy()
  t.teardown(() => proxy.close())
  await proxy.listen()
  await Promise.all(nodes.map((node) => proxy.add(node)))
  return proxy
}
