// Which pages may use a cookie. Exact origins only: no patterns, no suffixes (S2, S3). Every app of
// a native shell (Capacitor, Tauri, Electron, a browser extension) may have the same origin, so the
// cookie counts for none of them.

/** What a browser says about where a request comes from. */
export interface Provenance {
  origin: string | undefined
  /** The `Sec-Fetch-Site` header. */
  site: string | undefined
}

/** What `Sec-Fetch-Site` says of a page of this server itself. */
export const SAME_ORIGIN = 'same-origin'

/** Whether an origin is a native shell's, such as `capacitor://localhost`. */
export function isShell(origin: string): boolean {
  return !/^https?:/.test(origin)
}

/** Whether this exact origin may use the cookie. */
export type IsOurs = (origin: string) => boolean

/**
 * For upgrades and unsafe methods: an own origin, or without one the browser's word for the same
 * site.
 */
export function mayChange({ origin, site }: Provenance, isOurs: IsOurs): boolean {
  return origin === undefined ? site === SAME_ORIGIN : isOurs(origin)
}

/**
 * For reading: an origin that is sent must be an own one; without one the browser must name no
 * other site.
 */
export function mayRead({ origin, site }: Provenance, isOurs: IsOurs): boolean {
  if (origin !== undefined) return isOurs(origin)
  return site === undefined || site === SAME_ORIGIN || site === 'none'
}
