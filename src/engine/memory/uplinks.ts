// Commands of clients without a WebSocket, for an engine of one process: what is for another node
// reaches none.
import type { UplinkFrame, UplinkReceiver, Uplinks } from '../uplinks.ts'

export class MemoryUplinks implements Uplinks {
  readonly #node: string
  #receive: UplinkReceiver | null = null

  constructor(node: string) {
    this.#node = node
  }

  async send(node: string, frame: UplinkFrame): Promise<boolean> {
    return node === this.#node && (this.#receive?.(frame) ?? false)
  }

  async follow(receive: UplinkReceiver): Promise<() => void> {
    this.#receive = receive
    return () => {
      if (this.#receive === receive) this.#receive = null
    }
  }
}
