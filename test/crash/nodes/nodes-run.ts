// One run on three nodes: clients talk on all of them while nodes, Redis and the links between
// fail; then all becomes quiet, and what all clients saw is compared with the history.
import { setTimeout as pause } from 'node:timers/promises'
import { Dice } from '../../support/dice.ts'
import { Follower } from '../clients/follower.ts'
import { Poster, type Way } from '../clients/poster.ts'
import { Reader } from '../clients/reader.ts'
import type { Scene } from '../clients/run-parts.ts'
import { Talker } from '../clients/talker.ts'
import { historyOf } from '../history.ts'
import type { Outcome } from '../kill-run.ts'
import { linear } from '../linear.ts'
import { type Position, Record } from '../record.ts'
import { verdict } from '../verdict.ts'
import { strike } from './blows.ts'
import { Guest } from './guest.ts'
import { Service } from './service.ts'
import type { Durability, Kind } from './store.ts'

const ROOMS = ['crash:a', 'crash:b']
const WAYS: readonly Way[] = ['keyed', 'keyed', 'keyed', 'plain', 'plain', 'batch']
const FOLLOWERS = 9
const GUESTS = 6
const QUIET_MS = 30_000
const LOOK_AGAIN_MS = 50

export interface NodesRun {
  seed: number
  on: Kind
  /** Only where it is `second` may Redis lose anything. */
  durability: Durability
  /** Names of blows, in order. */
  blows: readonly string[]
  onBlow(name: string): void
}

export async function nodesRun(run: NodesRun): Promise<Outcome> {
  const { seed, on, durability, blows, onBlow } = run
  const service = await Service.start(on, durability)
  try {
    const record = new Record({ mayEpochsEnd: durability === 'second' })
    const scene = service.scene(record, new Dice(seed, 1), new Dice(seed, 2))
    const posters = WAYS.map((way, i) => new Poster(scene, `p${i}`, { rooms: ROOMS, way }))
    const talkers = ROOMS.map(
      (room, i) => new Talker(scene, `t${i}`, { room, replay: 0, talks: true }),
    )
    const followers = Array.from(
      { length: FOLLOWERS },
      (_, i) => new Follower(scene, `f${i}`, ROOMS[i % ROOMS.length] ?? ''),
    )
    const readers = ROOMS.map((room) => new Reader(scene, room))
    const guests = guestsOf(service, record)
    const clients = [...talkers, ...followers, ...guests]
    const targets = { service, clients, guests, rooms: ROOMS, record }
    await strike(targets, new Dice(seed, 3), { blows, onBlow })
    for (const talker of talkers) talker.hush()
    await Promise.all(posters.map((poster) => poster.stop()))
    for (const reader of readers) reader.stop()
    const wrongs = await judge(scene, followers)
    for (const client of clients) client.stop()
    return { wrongs: [...record.wrongs, ...wrongs], counts: record.counts }
  } finally {
    await service.remove()
  }
}

function guestsOf(service: Service, record: Record): Guest[] {
  const urls = () => service.nodes.filter(({ isUp }) => isUp).map(({ url }) => url)
  return Array.from({ length: GUESTS }, (_, i) => {
    return new Guest({ record, user: `guest:${i}`, room: ROOMS[i % ROOMS.length] ?? '', urls })
  })
}

async function judge(scene: Scene, followers: readonly Follower[]): Promise<string[]> {
  const wrongs: string[] = []
  for (const room of ROOMS) {
    const here = followers.filter((follower) => follower.room === room)
    const history = await quiet(scene, room, here)
    for (const follower of here) {
      if (isAt(follower, history)) continue
      wrongs.push(`${room}: ${follower.who} ends at ${follower.at?.offset} of ${history.offset}`)
    }
    const seen = scene.record.room(room)
    wrongs.push(...history.wrongs, ...verdict(seen, history))
    wrongs.push(...linear(seen.operations, seen.losses).map((wrong) => `${room}: ${wrong}`))
  }
  return wrongs
}

/** The history, when the followers have all of it or had time enough. */
async function quiet(scene: Scene, room: string, followers: readonly Follower[]) {
  const deadline = performance.now() + QUIET_MS
  for (;;) {
    const isLate = performance.now() > deadline
    // The link of a node to Redis may be on its way back yet.
    const history = await historyOf(scene, room).catch((error) => {
      if (isLate) throw error
      return null
    })
    const isQuiet = history && followers.every((follower) => isAt(follower, history))
    if (history && (isQuiet || isLate)) return history
    await pause(LOOK_AGAIN_MS)
  }
}

function isAt({ at }: Follower, { epoch, offset }: Position): boolean {
  return at?.epoch === epoch && at.offset === offset
}
