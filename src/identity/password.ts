// Passwords as argon2id hashes that carry their own parameters (S21, S22, S23).
import { argon2 } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { SharedWork } from '../engine/shared-work.ts'
import { type Holder, NO_HOLDER, type Shares } from '../engine/shares.ts'
import type { Random } from '../time/random.ts'
import { sameBytes } from './secret.ts'

/** OWASP's first choice: 19 MiB, two passes, one lane. */
const PARAMETERS = { memoryKiB: 19_456, passes: 2, lanes: 1 } as const
const SALT_BYTES = 16
const HASH_BYTES = 32

/**
 * Each run takes 19 MiB and a thread of four, so disk and DNS keep two; and a core, of which one is
 * for the event loop.
 */
const AT_ONCE = Math.min(2, Math.max(1, availableParallelism() - 1))

const ENCODED = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/

interface Parameters {
  memoryKiB: number
  passes: number
  lanes: number
}

const run = promisify(argon2)

/** Passwords compare equal, whichever way a keyboard composes their characters. */
function normalise(password: string): string {
  return password.normalize('NFKC')
}

function derive(password: string, salt: Buffer, parameters: Parameters): Promise<Buffer> {
  const { memoryKiB, passes, lanes } = parameters
  return run('argon2id', {
    message: normalise(password),
    nonce: salt,
    parallelism: lanes,
    tagLength: HASH_BYTES,
    memory: memoryKiB,
    passes,
  })
}

function encode(salt: Buffer, hash: Buffer, { memoryKiB, passes, lanes }: Parameters): string {
  const [salt64, hash64] = [salt, hash].map((b) => b.toString('base64').replace(/=+$/, ''))
  return `$argon2id$v=19$m=${memoryKiB},t=${passes},p=${lanes}$${salt64}$${hash64}`
}

/** The client that a new password comes from. */
export type Asking = Pick<Holder, 'address' | 'server'>

/** Whether a password fits, and the hash to store instead where parameters were raised. */
export interface Verdict {
  fits: boolean
  rehashed: string | null
}

/** Hashes and checks passwords, a bounded number at a time; 503 or 429 when too many wait. */
export class Passwords {
  readonly #hashing: SharedWork
  readonly #random: Random
  /**
   * The hash that passwords of unknown users are checked against, so that it takes the same time
   * (S23).
   */
  readonly #unknownUser: string

  constructor(shares: Shares, random: Random) {
    this.#hashing = new SharedWork(shares, 'hashes', AT_ONCE)
    this.#random = random
    this.#unknownUser = encode(random.bytes(SALT_BYTES), random.bytes(HASH_BYTES), PARAMETERS)
  }

  /** For the one who asks: a server key may take of the reserve. */
  hash(password: string, { address, server }: Asking): Promise<string> {
    return this.#hashing.run({ user: null, address, server }, () => this.#hash(password))
  }

  /** `stored` is null for an unknown user: the password does not fit, after the same work. */
  verify(password: string, stored: string | null, address: string | null): Promise<Verdict> {
    return this.#hashing.run({ ...NO_HOLDER, address }, () => this.#verify(password, stored))
  }

  async #hash(password: string): Promise<string> {
    const salt = this.#random.bytes(SALT_BYTES)
    return encode(salt, await derive(password, salt, PARAMETERS), PARAMETERS)
  }

  async #verify(password: string, stored: string | null): Promise<Verdict> {
    const parsed = ENCODED.exec(stored ?? this.#unknownUser)
    if (!parsed) throw new Error('a stored password hash is not in the argon2id form')
    const [, memory, passes, lanes, salt = '', hash = ''] = parsed
    const parameters = { memoryKiB: Number(memory), passes: Number(passes), lanes: Number(lanes) }
    const found = await derive(password, Buffer.from(salt, 'base64'), parameters)
    const fits = sameBytes(found, Buffer.from(hash, 'base64')) && stored !== null
    const outdated =
      parameters.memoryKiB < PARAMETERS.memoryKiB || parameters.passes < PARAMETERS.passes
    return { fits, rehashed: fits && outdated ? await this.#hash(password) : null }
  }
}
