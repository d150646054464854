// When clients whose stream has ended request it again: at random times, so that a restart does not
// meet all of them at once, and later after a drain, so that few meet a server that is still away:
// a browser's EventSource never comes back from a 502 or 503 [C170].
import type { Random } from '../time/random.ts'

const FROM_MS = 3_000
const TO_MS = 10_000

/** In milliseconds; `laterMs` is how long the server may still be going down. */
export function retryAfterMs(random: Random, laterMs = 0): number {
  const spread = random.bytes(2).readUInt16BE() % (TO_MS - FROM_MS + 1)
  return laterMs + FROM_MS + spread
}
