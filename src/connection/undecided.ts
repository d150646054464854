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

/** A connection that may have no identity yet. */
export interface Waiting {
  /** All bytes that ever came in. */
  readonly bytesRead: number
  /** So many have come since it is undecided, and count. */
  sentSoFar(bytes: number): void
  close(code: CloseCode): void
}

/** When it is closed, and what had come in when it began to wait. */
interface Mark {
  readonly closeAt: number
  readonly bytesRead: number
}

export class Undecided<Connection extends Waiting> {
  /** By deadline: each connection, oldest first. */
  readonly #queues = new Map<Deadline, Map<Connection, Mark>>()

  add(connection: Connection, deadline: Deadline, elapsed: number): void {
    let queue = this.#queues.get(deadline)
    if (!queue) {
      queue = new Map()
      this.#queues.set(deadline, queue)
    }
    const { bytesRead } = connection
    queue.set(connection, { closeAt: elapsed + deadline.ms, bytesRead })
  }

  remove(connection: Connection): void {
    for (const queue of this.#queues.values()) queue.delete(connection)
  }

  /**
   * Closes the connections whose deadline is over, and counts what the others have sent: half of a
   * frame waits in the WebSocket server, unseen (S45). Called about once a second.
   */
  check(elapsed: number): void {
    for (const [{ code }, queue] of this.#queues) {
      for (const [connection, { closeAt, bytesRead }] of queue) {
        if (closeAt > elapsed) {
          connection.sentSoFar(connection.bytesRead - bytesRead)
          continue
        }
        queue.delete(connection)
        connection.close(code)
      }
    }
  }
}
