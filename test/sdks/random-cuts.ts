// Messages, one after the other, into a room whose reader is cut off at random moments, and what
// the reader must have heard of them: each once, in their order.
import type { Test } from 'tap'
import type { CutProxy } from '../support/cut-proxy.ts'
import { Dice } from '../support/dice.ts'
import { isShort, type Scene } from './scene.ts'

const SEED = 13
/** The longest time between two cuts. */
const CUT_MS = 60
const EVERY_MS = 4
/**
 * Messages from one cut to the next. A client of Go that is cut before its connect is answered
 * waits 5 seconds for the answer, and of what it missed at most 1,000 messages are recovered.
 */
const ROUND_MAX = 250

/** How often a client is cut; USHER_SDK_CUTS says another number for a run by hand. */
export function cutsOf({ short, full }: { short: number; full: number }): number {
  return Number(process.env.USHER_SDK_CUTS ?? (isShort ? short : full))
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))

interface Cuts {
  room: string
  proxy: CutProxy
  cuts: number
  /** Another one for each client of a file. */
  index: number
  /** Called before a cut: what resolves when the client has connected after it. */
  nextConnected(): Promise<() => Promise<unknown>>
}

/** Resolves with how many messages there were, numbered from 1 as `said`. */
export async function talkOverCuts({ app }: Scene, options: Cuts): Promise<number> {
  const { room, proxy, cuts, index, nextConnected } = options
  const dice = new Dice(SEED, index)
  let isOver = false
  let said = 0
  let inRound = 0
  const talk = async () => {
    while (!isOver) {
      if (inRound < ROUND_MAX) {
        inRound += 1
        said += 1
        await app.usher.publish(room, { said })
      }
      await pause(EVERY_MS)
    }
  }
  const talking = talk()
  for (let round = 0; round < cuts; round += 1) {
    inRound = 0
    await pause(dice.below(CUT_MS))
    const connected = await nextConnected()
    proxy.cut()
    // Else the next cut may come while it connects, or in the midst of what it missed.
    if (dice.below(4) > 0) await connected()
  }
  isOver = true
  await talking
  return said
}

/** What a client heard of `said` messages. */
export function heardOnce(t: Test, numbers: readonly number[], said: number): void {
  const heard = new Set(numbers)
  const lost = Array.from({ length: said }, (_, at) => at + 1).filter((at) => !heard.has(at))
  t.same(lost, [], 'none is lost')
  t.equal(numbers.length, said, 'none came twice')
  t.same(
    numbers,
    numbers.toSorted((one, next) => one - next),
    'in their order',
  )
}
