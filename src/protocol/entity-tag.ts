// Whether a client has an answer already, by its entity tag (RFC 9110 section 13.1.2).

/**
 * Whether `If-None-Match` names this tag, quotes included: as `*`, or in a list, with `W/` or
 * without. A proxy that compresses makes a tag weak (section 8.8.1). No quotes are in a tag, so
 * that a list of any length need not be taken apart.
 */
export function namesTag(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch.trim() === '*') return true
  return ifNoneMatch.includes(tag)
}
