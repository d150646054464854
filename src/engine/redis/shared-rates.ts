// Rates over all nodes, as buckets of tokens in Redis: one for each user, address and /48 that
// took of it lately. A Redis that lost its data has only full ones.
import { EngineUnavailable } from '../engine.ts'
import type { Allowance } from '../portions.ts'
import type { RatedBound, SharedRate } from '../rates.ts'
import { type Holder, Reached, SITE_SHARES, siteOf, type Whose } from '../shares.ts'
import type { Keys } from './keys.ts'
import type { RedisLink } from './link.ts'
import { script } from './scripts.ts'

const TAKE = script('take-token')

/** A bucket of so many tokens, each of which comes back in so many milliseconds. */
interface TokenBucket {
  readonly key: string
  readonly most: number
  readonly everyMs: number
}

/** Buckets on one primary, of which a token each is taken together. */
interface Taking {
  readonly whose: Whose
  readonly allowance: Allowance
  readonly buckets: readonly [TokenBucket, ...TokenBucket[]]
}

export class SharedRates {
  readonly #rows: Readonly<Record<SharedRate, RatedBound>>
  readonly #link: RedisLink
  readonly #keys: Keys

  /** Their rows have parts for users and addresses, as counts, and none for all. */
  constructor(
    rows: Readonly<Record<SharedRate, RatedBound>>,
    { link, keys }: { link: RedisLink; keys: Keys },
  ) {
    this.#rows = rows
    this.#link = link
    this.#keys = keys
  }

  /** Rejects with EngineUnavailable while Redis is away. */
  async spend(rate: SharedRate, holder: Holder): Promise<Reached | null> {
    for (const { whose, allowance, buckets } of this.#takings(rate, holder)) {
      const [first, ...rest] = buckets.map(({ key }) => key)
      const args = buckets.flatMap(({ most, everyMs }) => [`${most}`, `${everyMs}`])
      const waitMs = Number(await this.#take([first as string, ...rest], args))
      const limit = allowance.count?.limit
      if (waitMs === 0 || limit === undefined) continue
      const seconds = Math.max(1, Math.ceil(waitMs / 1_000))
      return new Reached(limit, whose, seconds, allowance.sentence)
    }
    return null
  }

  /** A token that may have been taken is all that is lost: the caller has done nothing yet. */
  async #take(keys: readonly [string, ...string[]], args: readonly string[]) {
    try {
      return await this.#link.run(TAKE, keys, args)
    } catch (error) {
      throw error instanceof EngineUnavailable ? new EngineUnavailable(error.message) : error
    }
  }

  *#takings(rate: SharedRate, { user, address }: Holder): Generator<Taking> {
    const row = this.#rows[rate]
    const part = `rate:${rate}`
    if (user !== null && row.user !== null) {
      const bucket = bucketOf(this.#keys.user(user, part), row.user, row.seconds, 1)
      if (bucket) yield { whose: 'user', allowance: row.user, buckets: [bucket] }
    }
    if (address === null || row.address === null) return
    const site = siteOf(address)
    const bucketAt = (at: string, shares: number) =>
      row.address && bucketOf(this.#keys.address(at, part), row.address, row.seconds, shares)
    const own = bucketAt(address, 1)
    const whole = site === null ? null : bucketAt(site, SITE_SHARES)
    if (own === null) return
    const buckets: Taking['buckets'] = whole === null ? [own] : [own, whole]
    yield { whose: 'address', allowance: row.address, buckets }
  }
}

function bucketOf(
  key: string,
  { count }: Allowance,
  seconds: number,
  shares: number,
): TokenBucket | null {
  if (count === null || count.most === null) return null
  const most = count.most * shares
  return { key, most, everyMs: (seconds * 1_000) / most }
}
