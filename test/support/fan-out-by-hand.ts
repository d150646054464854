// A fan-out whose turns a test ends by hand.
import type { MessageEvent } from '../../src/protocol/event.ts'
import { FanOut } from '../../src/room/fan-out/fan-out.ts'
import { type FlushBounds, FlushScheduler } from '../../src/room/fan-out/flush-scheduler.ts'
import { ManualClock } from './manual-clock.ts'

export function eventOf(payload: string | Buffer, origin: string | null = null): MessageEvent {
  const message = {
    kind: 'text' as const,
    user: null,
    name: null,
    origin,
    epoch: null,
    offset: 0,
    time: 0,
  }
  return { type: 'message', room: 'r', message: { ...message, payload: Buffer.from(payload) } }
}

export interface FanOutByHand {
  fan: FanOut
  turn: FlushScheduler
  clock: ManualClock
  /** How often the turn was asked to end; each `end` does what was asked. */
  asked: () => number
  end: () => void
}

export function fanOutByHand(bounds?: FlushBounds): FanOutByHand {
  const ends: (() => void)[] = []
  let asked = 0
  const clock = Object.assign(new ManualClock(), {
    endOfTurn: (run: () => void) => {
      asked += 1
      ends.push(run)
    },
  })
  const turn = new FlushScheduler({ clock, bounds })
  const end = (): void => {
    for (const run of ends.splice(0)) run()
  }
  return { fan: new FanOut(turn), turn, clock, asked: () => asked, end }
}
