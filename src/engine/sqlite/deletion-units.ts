// What deleting a message costs, so that no transaction takes long, however large its messages are.

const UNIT_BYTES = 4_096

/** A message is one unit, and each 4 KB of its payload one more. */
export function unitsOf(bytes: number): number {
  return 1 + Math.floor(bytes / UNIT_BYTES)
}
