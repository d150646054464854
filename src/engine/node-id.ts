// Ids of nodes: short, because every connection's id begins with one, and 41 bits of randomness,
// so that a thousand nodes meet with a chance of one in four million.
import type { Random } from '../time/random.ts'

const CHARACTERS = 8

/** Eight digits and small letters. */
export function newNodeId(random: Random): string {
  const number = random.bytes(6).readUIntBE(0, 6)
  return number.toString(36).padStart(CHARACTERS, '0').slice(-CHARACTERS)
}
