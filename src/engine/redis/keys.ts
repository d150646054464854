// The names of all keys and channels. A name that is about one room, user, session or node has that
// in braces: on a Cluster, keys with the same braces are on the same primary, where one script can
// change them together. Names of rooms and users have no braces.
import { siteOf } from '../shares.ts'

export class Keys {
  readonly #prefix: string

  /** `prefix` lets several services share one Redis. */
  constructor(prefix: string) {
    this.#prefix = prefix
  }

  /** A key of a room; `part` says which. */
  room(room: string, part: string): string {
    return `${this.#prefix}{r:${room}}:${part}`
  }

  user(user: string, part: string): string {
    return `${this.#prefix}{u:${user}}:${part}`
  }

  /** Of an address as `addressKey` writes it; a /48 and all its /64s are on the same primary. */
  address(address: string, part: string): string {
    return `${this.#prefix}{a:${siteOf(address) ?? address}}:${part}:${address}`
  }

  session(session: string, part: string): string {
    return `${this.#prefix}{s:${session}}:${part}`
  }

  /** A username that is tried may have braces; what two keys have in common is their tag then. */
  attempts(kind: string, name: string, part: string): string {
    return `${this.#prefix}{a:${kind}:${name}}:${part}`
  }

  node(node: string, part: string): string {
    return `${this.#prefix}{n:${node}}:${part}`
  }

  /** A key that all nodes share, alone in its slot unless `part` has braces. */
  shared(part: string): string {
    return `${this.#prefix}${part}`
  }
}
