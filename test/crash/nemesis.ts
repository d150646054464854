// What befalls the server and its clients, as a seed decides it. The operating system still decides
// what happens at the same time: a seed gives the same blows, not the same microseconds.
import { setTimeout as pause } from 'node:timers/promises'
import type { Dice } from '../support/dice.ts'
import type { Fault } from '../support/disk/disk.ts'
import type { Client } from './clients/run-parts.ts'
import type { Victim } from './victim.ts'

const CYCLE_MS = { least: 150, more: 800 }
const BLOWS_MAX = 4
/** A server that is killed while it starts: one in so many. */
const EARLY_DEATH_EVERY = 6
const EARLY_DEATH_MS = 1_200

export interface Targets {
  victim: Victim
  clients: readonly Client[]
}

type Blow = (targets: Targets, dice: Dice) => void

const fails =
  (fault: Fault): Blow =>
  ({ victim }, dice) => {
    victim.disk.fail(fault)
    setTimeout(() => victim.disk.mend(), 20 + dice.below(300))
  }

const BLOWS: Readonly<Record<string, Blow>> = {
  'cut some': ({ clients }, dice) => {
    for (const client of clients) if (dice.once(3)) client.cut()
  },
  'cut all': ({ clients }) => {
    for (const client of clients) client.cut()
  },
  freeze: ({ victim }, dice) => victim.freeze(20 + dice.below(250)),
  slow: ({ clients }, dice) => dice.pick(clients).slow(50 + dice.below(500)),
  'disk full': fails('full'),
  'disk broken': fails('broken'),
  'disk read-only': fails('readOnly'),
  'sync fails': fails('unsynced'),
}

/** One life of the server, from when it answers until it answers again. */
export async function cycle(targets: Targets, dice: Dice): Promise<string[]> {
  const { victim } = targets
  const lifeMs = CYCLE_MS.least + dice.below(CYCLE_MS.more)
  const names = Array.from({ length: dice.below(BLOWS_MAX + 1) }, () =>
    dice.pick(Object.keys(BLOWS)),
  )
  for (const name of names) {
    await pause(lifeMs / (names.length + 1))
    BLOWS[name]?.(targets, dice)
  }
  await pause(lifeMs / (names.length + 1))
  await victim.kill()
  victim.disk.mend()
  while (dice.once(EARLY_DEATH_EVERY)) {
    victim.spawn()
    await pause(dice.below(EARLY_DEATH_MS))
    await victim.kill()
    names.push('early death')
  }
  victim.spawn()
  await victim.ready()
  return names
}
