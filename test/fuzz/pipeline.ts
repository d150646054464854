// Many requests one behind the other on one connection, and the answers matched to them.
import type { Socket } from 'node:net'
import { REQUESTS_AHEAD_MAX } from '../../src/protocol/limits.ts'
import { type Answer, answersIn, openSocket, within } from '../attack/wire.ts'

const NO_ANSWER: Answer = { status: 0, headers: new Map(), body: '' }
const PATIENCE_MS = 30_000
const BATCHES_PER_CONNECTION = 20
/** One more and the server would refuse it [C141]. */
const AT_ONCE_MAX = REQUESTS_AHEAD_MAX + 1

let opened = 0

/** Every connection comes from another loopback address: what counts by address does not count. */
export function openAnywhere(port: number): Socket {
  opened += 1
  const [third, fourth] = [(opened >> 8) & 255, opened & 255]
  return openSocket(
    port,
    `127.${100 + ((opened >> 16) & 127)}.${third}.${fourth === 0 ? 1 : fourth}`,
  )
}

export class Pipeline {
  readonly #port: number
  #socket: Socket | null = null
  #batches = 0

  constructor(port: number) {
    this.#port = port
  }

  /** One answer for each, status 0 where none came. What stands behind a close is sent again. */
  async send(requests: readonly Buffer[]): Promise<Answer[]> {
    const answers: Answer[] = []
    while (answers.length < requests.length) {
      const fresh = this.#socket === null
      const got = await this.#exchange(requests.slice(answers.length, answers.length + AT_ONCE_MAX))
      // A connection that was kept may have been given up by the server just before.
      if (got.length === 0 && !fresh) continue
      answers.push(...(got.length === 0 ? [NO_ANSWER] : got))
    }
    this.#batches += 1
    if (this.#batches % BATCHES_PER_CONNECTION === 0) this.close()
    return answers
  }

  close(): void {
    this.#socket?.destroy()
    this.#socket = null
  }

  async #exchange(requests: readonly Buffer[]): Promise<Answer[]> {
    const socket = this.#socket ?? openAnywhere(this.#port)
    this.#socket = socket
    const answers: Answer[] = []
    let rest: Buffer = Buffer.alloc(0)
    const complete = new Promise<void>((resolve) => {
      const take = (chunk: Buffer): void => {
        const found = answersIn(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]))
        rest = found.rest
        answers.push(...found.answers)
        if (answers.length >= requests.length) end()
      }
      const end = (): void => {
        socket.off('data', take)
        socket.off('close', end)
        resolve()
      }
      socket.on('data', take)
      socket.on('close', end)
    })
    socket.write(Buffer.concat(requests))
    await within(PATIENCE_MS, complete, undefined)
    const isEnded = answers.at(-1)?.headers.get('connection') === 'close'
    if (isEnded || socket.destroyed || answers.length < requests.length) this.close()
    return answers
  }
}
