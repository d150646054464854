// A process of participants, which does what the run asks over IPC.
import { type Busy, busyShare, busySoFar } from '../load/busy.ts'
import { type Counts, Latencies } from '../load/latency.ts'
import { type Count, type Kind, Participant, type Setting, Tally } from './participant.ts'

/** `begin` begins to measure; `told` asks what was heard since. */
export type Asked =
  | { deed: 'join'; setting: Setting; tokens: readonly string[] }
  | { deed: 'begin' }
  | { deed: 'told' }

export interface Heard {
  /** Messages that came, and commands that were refused, since the process is there. */
  messages: number
  refused: number
  kinds: [Kind, Count][]
  latencies: Counts
  /** The share of a core that the process needed. */
  busy: number
}

/** Handshakes on their way at once. */
const AT_ONCE = 50

const tally = new Tally()
let busy: Busy = busySoFar()

const DEEDS = {
  async join({ setting, tokens }: Extract<Asked, { deed: 'join' }>) {
    for (let from = 0; from < tokens.length; from += AT_ONCE) {
      const some = tokens.slice(from, from + AT_ONCE)
      await Promise.all(some.map((token) => new Participant(setting, token, tally).joined()))
    }
  },
  begin() {
    busy = busySoFar()
    tally.kinds.clear()
    tally.latencies = new Latencies()
  },
  told(): Heard {
    const { messages, refused, latencies, kinds } = tally
    const counted = { kinds: [...kinds], latencies: latencies.counts }
    return { messages, refused, ...counted, busy: busyShare(busy) }
  },
}

process.on('message', async (asked: Asked) => {
  try {
    const act = DEEDS[asked.deed] as (asked: Asked) => unknown
    process.send?.({ result: await act(asked) })
  } catch (error) {
    process.send?.({ error: String(error) })
  }
})
process.on('disconnect', () => process.exit())
