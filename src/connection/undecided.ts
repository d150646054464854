// Connections that are open and have no identity yet. Each kind of connection has a deadline of its
// own, and so a queue of its own: the order of one queue is the order of its deadlines.
import { CLOSE, type CloseCode } from '../protocol/errors.ts'
import { CONNECT, FIRST_MESSAGE } from '../protocol/limits.ts'

/** After how long an undecided connection is closed, and with which code. */
export interface Deadline {
  readonly ms: number
  readonly code: CloseCode
}

/** What an undecided connection has to send: a first message [C34], or a connect command. */
export const DEADLINES = {
  firstMessage: { ms: FIRST_MESSAGE.deadlineMs, code: CLOSE.invalidCredentials },
  connect: { ms: CONNECT.deadlineMs, code: CLOSE.expired },
} as const satisfies Record<string, Deadline>

interface Closable {
  close(code: CloseCode): void
}

export class Undecided<Connection extends Closable> {
  /** By deadline: each connection with the time at which it is closed, oldest first. */
  readonly #queues = new Map<Deadline, Map<Connection, number>>()

  add(connection: Connection, deadline: Deadline, elapsed: number): void {
    let queue = this.#queues.get(deadline)
    if (!queue) {
      queue = new Map()
      this.#queues.set(deadline, queue)
    }
    queue.set(connection, elapsed + deadline.ms)
  }

  remove(connection: Connection): void {
    for (const queue of this.#queues.values()) queue.delete(connection)
  }

  /** Closes the connections whose deadline is over. Called about once a second. */
  check(elapsed: number): void {
    for (const [{ code }, queue] of this.#queues) {
      for (const [connection, closeAt] of queue) {
        if (closeAt > elapsed) break
        queue.delete(connection)
        connection.close(code)
      }
    }
  }
}
