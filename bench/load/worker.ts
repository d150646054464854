// A load process: does what the run asks over IPC, one order at a time.
import { busySoFar } from './busy.ts'
import { Crowd } from './crowd.ts'
import type { ConnectOrder, PostOrder, TalkOrder } from './orders.ts'
import { post } from './posts.ts'

const crowd = new Crowd()

const DEEDS = {
  connect: (order: ConnectOrder) => crowd.connect(order),
  talk: (order: TalkOrder) => crowd.talk(order),
  settle: (order: { quietMs: number; maxMs: number }) => crowd.settle(order.quietMs, order.maxMs),
  count: () => crowd.count(),
  busy: busySoFar,
  post: (order: PostOrder) => post(order),
}

/** The orders that a load process takes. */
export type Deeds = typeof DEEDS

interface Asked {
  id: number
  deed: keyof Deeds
  order: unknown
}

process.on('message', async ({ id, deed, order }: Asked) => {
  try {
    const act = DEEDS[deed] as (order: unknown) => unknown
    process.send?.({ id, result: await act(order) })
  } catch (error) {
    process.send?.({ id, error: String(error) })
  }
})
process.on('disconnect', () => process.exit())
