// What both scenarios share: the server, the followers, the publishers, and the verdict of the
// crash runs at the end.
import { Poster } from '../../test/crash/clients/poster.ts'
import { historyOf } from '../../test/crash/history.ts'
import { Record as Notes } from '../../test/crash/record.ts'
import { verdict } from '../../test/crash/verdict.ts'
import { Dice } from '../../test/support/dice.ts'
import { busyShare, busySoFar } from '../load/busy.ts'
import { type Backoff, Crowd } from './crowd.ts'
import { type Admission, Server } from './server.ts'

const ROOM = 'chat:away'
const BYTES_MAX = 64
const SETTLE_MS = 120_000

export interface Stage {
  server: Server
  crowd: Crowd
}

export interface StageParts {
  size: number
  admission: Admission
  backoff: Backoff
  /** Each publishes once a second, with a key, until it is acknowledged. */
  publishers: number
  /** Goes before the command of the server. */
  pin: readonly string[]
}

export interface Found {
  /** Numbers by what they say. */
  facts: Readonly<Record<string, number>>
  /** Messages that are missing or came twice; empty when all is well. */
  wrongs: readonly string[]
}

/** Sets the stage, lets the scenario act while the room is published to, and judges what came. */
export async function onStage(
  { size, admission, backoff, publishers, pin }: StageParts,
  act: (stage: Stage) => Promise<Found['facts']>,
): Promise<Found> {
  const server = await Server.start(admission, pin)
  try {
    const record = new Notes()
    const { port, url, authorization } = server
    const scene = { record, port, url, authorization, dice: new Dice(Date.now() % 1_000_000, 1) }
    const crowd = new Crowd(scene, ROOM, backoff)
    await crowd.gather(size)
    const posters = Array.from({ length: publishers }, (_, number) => {
      const how = { rooms: [ROOM], way: 'keyed', betweenMs: 1_000, bytesMax: BYTES_MAX } as const
      return new Poster(scene, `p${number}`, how)
    })
    const load = busySoFar()
    const facts = await act({ server, crowd })
    const loadBusy = busyShare(load, busySoFar())
    await Promise.all(posters.map((poster) => poster.stop()))
    const history = await historyOf(server, ROOM)
    const behind = await crowd.behind(history.offset, SETTLE_MS)
    crowd.leave()
    const wrongs = [...record.wrongs, ...behind, ...verdict(record.room(ROOM), history)]
    return { facts: { ...facts, messages: history.offset, 'load busy': loadBusy }, wrongs }
  } finally {
    await server.remove()
  }
}
