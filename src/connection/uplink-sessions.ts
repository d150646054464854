// Connections whose clients send in requests of their own, since they have no WebSocket. Each is
// found by a secret that its client alone was told, and takes requests only from where it was
// opened.
import type { LogIn, UplinkFrame } from '../engine/uplinks.ts'
import { SAME_ORIGIN } from '../identity/origin.ts'
import { digest } from '../identity/secret.ts'
import type { Random } from '../time/random.ts'
import type { Connection } from './connection.ts'

/** Of 128 bits: a guess finds no connection. */
const SECRET_BYTES = 16

interface Opened {
  readonly connection: Connection
  readonly page: string | null
}

export class UplinkSessions {
  readonly #random: Random
  /**
   * By the digest of the secret, which is not kept: what a look-up may tell by its time is nothing
   * that a client can send.
   */
  readonly #opened = new Map<string, Opened>()

  constructor(random: Random) {
    this.#random = random
  }

  get size(): number {
    return this.#opened.size
  }

  newSecret(): string {
    return this.#random.bytes(SECRET_BYTES).toString('base64url')
  }

  /**
   * From here on the connection is found. `page` is where it comes from, as in an `UplinkFrame`.
   * Returns the key by which it is forgotten, so that the secret is not kept for that.
   */
  open(secret: string, { connection, page }: Opened): string {
    const key = digest(secret)
    this.#opened.set(key, { connection, page })
    return key
  }

  /** The stream of the connection has ended. */
  forget(key: string): void {
    this.#opened.delete(key)
  }

  /**
   * An `UplinkReceiver`. What comes while the connection closes is taken and ignored, as on a
   * WebSocket: the client reads on its stream why it ends.
   */
  take = ({ session, page, logIn, payload, binary }: UplinkFrame): boolean => {
    const opened = this.#opened.get(session)
    if (opened === undefined || !isSamePage(opened.page, page)) return false
    const { connection } = opened
    if (!isLoggedIn(connection, logIn)) return false
    try {
      connection.receive(payload, binary)
    } catch (error) {
      connection.fault(error)
    }
    return true
  }
}

/** A browser may name no page when it opens a stream of its own server, and name it later. */
function isSamePage(opened: string | null, page: string | null): boolean {
  return page === opened || (opened === null && page === SAME_ORIGIN)
}

/** A connection that came by the log-in of a browser needs that beside each request. */
function isLoggedIn({ identity }: Connection, logIn: LogIn | null): boolean {
  const { proof, user, session } = identity
  if (proof !== 'cookie' && proof !== 'host') return true
  return logIn !== null && logIn.user === user && logIn.session === session
}
