// The resume run: every member is cut about every second while twenty publishers write, and each
// must hear everything once.
import { setTimeout as pause } from 'node:timers/promises'
import { Dice } from '../support/dice.ts'
import { Follower } from './clients/follower.ts'
import { Poster } from './clients/poster.ts'
import { historyOf } from './history.ts'
import type { Outcome } from './kill-run.ts'
import { Record } from './record.ts'
import { verdict } from './verdict.ts'
import { Victim } from './victim.ts'

const ROOM = 'resume:a'
const PUBLISHERS = 20
const BETWEEN_MS = 350
const CUT_EVERY_MS = 1_000
const STEP_MS = 20
/** And now and then all of them at once. */
const ALL_EVERY_STEPS = 200
const QUIET_MS = 60_000

export interface ResumeRun {
  seed: number
  members: number
  seconds: number
}

export async function resumeRun({ seed, members, seconds }: ResumeRun): Promise<Outcome> {
  const victim = await Victim.make()
  try {
    victim.spawn()
    await victim.ready()
    const record = new Record()
    const { port, url, authorization } = victim
    const scene = { record, port, url, authorization, dice: new Dice(seed, 1) }
    const followers = Array.from({ length: members }, (_, i) => new Follower(scene, `f${i}`, ROOM))
    const posters = Array.from(
      { length: PUBLISHERS },
      (_, i) =>
        new Poster(scene, `p${i}`, {
          ...{ rooms: [ROOM], way: i % 2 === 0 ? 'keyed' : 'plain' },
          betweenMs: BETWEEN_MS,
        }),
    )
    await cut(followers, new Dice(seed, 2), seconds)
    await Promise.all(posters.map((poster) => poster.stop()))
    const missing = await catchUp(followers, victim)
    const wrongs = verdict(record.room(ROOM), await historyOf(victim, ROOM))
    for (const follower of followers) follower.stop()
    return { wrongs: [...record.wrongs, ...missing, ...wrongs], counts: record.counts }
  } finally {
    await victim.remove()
  }
}

/** Each is cut once in CUT_EVERY_MS, as chance has it. */
async function cut(followers: readonly Follower[], dice: Dice, seconds: number): Promise<void> {
  const perStep = Math.ceil((followers.length * STEP_MS) / CUT_EVERY_MS)
  const end = performance.now() + seconds * 1_000
  for (let step = 1; performance.now() < end; step += 1) {
    const all = step % ALL_EVERY_STEPS === 0 ? followers : []
    const some = Array.from({ length: perStep }, () => dice.pick(followers))
    for (const follower of [...all, ...some]) follower.cut()
    await pause(STEP_MS)
  }
}

/** Who has not got everything in the end. */
async function catchUp(followers: readonly Follower[], victim: Victim): Promise<string[]> {
  const { offset } = await historyOf(victim, ROOM)
  const isBehind = ({ at }: Follower) => at?.offset !== offset
  const deadline = performance.now() + QUIET_MS
  while (followers.some(isBehind) && performance.now() < deadline) await pause(STEP_MS)
  return followers
    .filter(isBehind)
    .map(({ who, at }) => `${who} ends at ${at?.offset} of ${offset}`)
}
