// One run: clients talk while the server is killed again and again; then all becomes quiet, and
// what all clients saw is compared with the history.
import { setTimeout as pause } from 'node:timers/promises'
import { Dice } from '../support/dice.ts'
import { signedUp } from '../support/people.ts'
import { Follower } from './clients/follower.ts'
import { Marker, type MarkerOptions } from './clients/marker.ts'
import { Poster, type Way } from './clients/poster.ts'
import type { Scene } from './clients/run-parts.ts'
import { Talker } from './clients/talker.ts'
import { historyOf } from './history.ts'
import { cycle } from './nemesis.ts'
import { Record } from './record.ts'
import { verdict } from './verdict.ts'
import { Victim } from './victim.ts'

const ROOMS = ['crash:a', 'crash:b']
const WAYS: readonly Way[] = ['keyed', 'keyed', 'keyed', 'plain', 'plain', 'batch']
const FOLLOWERS = 8
const QUIET_MS = 30_000
const LOOK_AGAIN_MS = 50

export interface KillRun {
  seed: number
  cycles: number
  /** Told after each cycle what befell it. */
  onCycle(blows: readonly string[]): void
}

export interface Outcome {
  wrongs: string[]
  counts: { [what: string]: number }
}

export async function killRun({ seed, cycles, onCycle }: KillRun): Promise<Outcome> {
  const victim = await Victim.make()
  try {
    victim.spawn()
    await victim.ready()
    const record = new Record()
    const { port, url, authorization } = victim
    const dice = new Dice(seed, 1)
    const scene = { record, port, url, authorization, dice }
    const clients = clientsOf(scene, await readers(url))
    for (let index = 0; index < cycles; index += 1) {
      const targets = { victim, clients: [...clients.followers, ...clients.talkers] }
      onCycle(await cycle(targets, new Dice(seed, 2 + index)))
    }
    for (const talker of clients.talkers) talker.hush()
    await Promise.all(clients.posters.map((poster) => poster.stop()))
    const wrongs = await judge(clients, record, victim)
    return { wrongs: [...record.wrongs, ...wrongs], counts: record.counts }
  } finally {
    await victim.remove()
  }
}

interface Clients {
  markers: Marker[]
  posters: Poster[]
  talkers: Talker[]
  followers: Follower[]
}

/** One who reads with two devices, and one who reads privately. */
async function readers(url: string): Promise<MarkerOptions[]> {
  const reached = { url, keepSecret: () => {} }
  const [open, secret] = [await signedUp(reached), await signedUp(reached)]
  return ROOMS.flatMap((room) => [
    { room, person: open, isPrivate: false },
    { room, person: open, isPrivate: false },
    { room, person: secret, isPrivate: true },
  ])
}

function clientsOf(scene: Scene, readers: readonly MarkerOptions[]): Clients {
  return {
    markers: readers.map((reader) => new Marker(scene, reader)),
    posters: WAYS.map((way, i) => new Poster(scene, `p${i}`, { rooms: ROOMS, way })),
    talkers: ROOMS.flatMap((room, i) => [
      new Talker(scene, `t${i}`, { room, replay: 0, talks: true }),
      new Talker(scene, `l${i}`, { room, replay: 50, talks: false }),
    ]),
    followers: Array.from(
      { length: FOLLOWERS },
      (_, i) => new Follower(scene, `f${i}`, ROOMS[i % ROOMS.length] ?? ''),
    ),
  }
}

async function judge(clients: Clients, record: Record, victim: Victim): Promise<string[]> {
  await Promise.all(clients.markers.map((marker) => marker.stop()))
  const wrongs = (await Promise.all(clients.markers.map((marker) => marker.verdict()))).flat()
  for (const room of ROOMS) {
    const followers = clients.followers.filter((follower) => follower.room === room)
    const history = await quiet(victim, room, followers)
    for (const follower of followers) {
      if (follower.at?.offset === history.offset) continue
      wrongs.push(`${room}: ${follower.who} ends at ${follower.at?.offset} of ${history.offset}`)
    }
    wrongs.push(...history.wrongs, ...verdict(record.room(room), history))
  }
  for (const client of [...clients.followers, ...clients.talkers]) client.stop()
  return wrongs
}

/** The history, when the followers have all of it or had time enough. */
async function quiet(victim: Victim, room: string, followers: readonly Follower[]) {
  const deadline = performance.now() + QUIET_MS
  for (;;) {
    const history = await historyOf(victim, room)
    const isQuiet = followers.every(({ at }) => at?.offset === history.offset)
    if (isQuiet || performance.now() > deadline) return history
    await pause(LOOK_AGAIN_MS)
  }
}
