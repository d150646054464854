// Which pages may use a cookie. Exact origins only: no patterns, no suffixes (S2, S3).

/** What a browser says of where a request comes from. */
export interface Provenance {
  origin: string | undefined
  /** The `Sec-Fetch-Site` header. */
  site: string | undefined
}

/** Whether this exact origin is one of ours. */
export type IsOurs = (origin: string) => boolean

/** Upgrades and unsafe methods: an exact origin must vouch, or the browser for lack of one. */
export function mayChange({ origin, site }: Provenance, isOurs: IsOurs): boolean {
  return origin === undefined ? site === 'same-origin' : isOurs(origin)
}

/** Reading: an origin that is sent must be ours; without one no other site may be named. */
export function mayRead({ origin, site }: Provenance, isOurs: IsOurs): boolean {
  if (origin !== undefined) return isOurs(origin)
  return site === undefined || site === 'same-origin' || site === 'none'
}
