// A loss of power at any moment, with what a disk may make of it: the store opens, and everything
// that was acknowledged is in it, whole and once.
import t, { type Test } from 'tap'
import { openEngine } from '../../../src/engine/open-engine.ts'
import { NO_HOLDER } from '../../../src/engine/shares.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { Dice } from '../../support/dice.ts'
import type { Call } from '../../support/disk/recording.ts'
import { pageQuery } from '../../support/page-query.ts'
import { FEW, KEEPS_ALL, KEEPS_FEW, saying } from './children/sayings.ts'
import { type Loss, lose, recorded, told } from './losses.ts'

const SEED = 20_261_123
const LOSSES = 45
/** So few show a disk that is not synced. */
const NOTICED = 12
/** While the store is made. */
const FIRST_CALLS = 60
const ALL = { messages: 1_000_000, ageMs: null }

/** At random, where the log is moved into the database, and where the store is made. */
function moments(calls: readonly Call[], dice: Dice, count: number): number[] {
  const moves = calls.flatMap(({ call, name }, at) =>
    call === 'write' && name === 'usher.db' ? [at] : [],
  )
  const kinds = [
    () => dice.below(calls.length),
    () => dice.pick(moves) + dice.below(5),
    () => dice.below(FIRST_CALLS),
  ]
  const chosen = Array.from({ length: count }, (_, i) => kinds[i % kinds.length]?.() ?? 0)
  return chosen.toSorted((a, b) => a - b)
}

interface Ack {
  offset: number
  room: string
  number: number
  time: number
}

function ackFrom(line: string): Ack {
  const [offset, time, room = '', number] = line.split(' ')
  return { offset: Number(offset), time: Number(time), room, number: Number(number) }
}

/** The faults of a store in which exactly this was acknowledged. */
async function wrongs(folder: string, lines: readonly string[]): Promise<string[]> {
  const acks = lines.map(ackFrom)
  const engine = await openEngine({ kind: 'sqlite', folder, lockWaitMs: 0 }, systemClock)
  try {
    const all = await bodiesIn(KEEPS_ALL)
    const few = await bodiesIn(KEEPS_FEW)
    const found = [...holes(all), ...holes(few)]
    const newest = few.at(-1)?.offset ?? 0
    for (const { offset, room, number } of acks) {
      const { messages } = saying(number).retention
      if (room === KEEPS_FEW && offset <= newest - messages) continue
      const kept = room === KEEPS_ALL ? all[offset - 1] : few.at(offset - newest - 1)
      const expected = saying(number).draft.payload.toString()
      if (kept?.offset !== offset || kept.body !== expected)
        found.push(`${room} ${offset} is not ${number}`)
    }
    for (const { offset, number } of acks.filter((_, index) => index % 40 === 0)) {
      const { room, draft, retention, key } = saying(number)
      if (key === null) continue
      const { position, repeated } = await engine.log.append(room, draft, {
        retention,
        key,
        holder: NO_HOLDER,
      })
      if (!repeated || position?.offset !== offset) found.push(`${number} was said again`)
    }
    return found
  } finally {
    await engine.close()
  }

  async function bodiesIn(room: string): Promise<{ offset: number; body: string }[]> {
    const validation: { offset: number; body: string }[] = []
    const retention = room === KEEPS_FEW ? { messages: FEW, ageMs: null } : ALL
    for (;;) {
      const after = validation.at(-1)?.offset ?? null
      const query = pageQuery({ retention, after, limit: 1_000 })
      const { messages } = await engine.log.read(room, query)
      if (messages.length === 0) return validation
      validation.push(...messages.map(({ offset, payload }) => ({ offset, body: `${payload}` })))
    }
  }
}

/** Half messages, and offsets that are missing or stand twice. */
function holes(validation: readonly { offset: number; body: string }[]): string[] {
  const first = validation[0]?.offset ?? 1
  return validation.flatMap(({ offset, body }, index) => {
    const whole = saying(Number.parseInt(body, 10)).draft.payload.toString()
    const found = body === whole ? [] : [`${offset} is half a message`]
    return offset === first + index ? found : [...found, `${offset} is not ${first + index}`]
  })
}

/** Loses the power at random moments of the run. */
function loseAtRandom(t: Test, calls: readonly Call[], count = LOSSES): Promise<Loss[]> {
  const dice = new Dice(SEED, 0)
  return lose(t, calls, { moments: moments(calls, dice, count), seed: SEED, check: wrongs })
}

t.test('[C94] acknowledged messages are there after a loss of power, at any moment', async (t) => {
  const calls = await recorded(t, 'say-much.ts')
  await t.test('the disk may lose and tear all that was not synced', async (t) => {
    const losses = await loseAtRandom(t, calls)
    t.same(told(losses), [])
    t.ok(losses.some(({ acknowledged }) => acknowledged > 4_000))
  })
  await t.test('would notice if the log were not synced', async (t) => {
    const isKept = ({ call, name }: Call) => call !== 'sync' || name !== 'usher.db-wal'
    const losses = await loseAtRandom(t, calls.filter(isKept), NOTICED)
    t.ok(told(losses).length > NOTICED / 4)
  })
  await t.test('would notice if the log began again before its content was safe', async (t) => {
    const isKept = ({ call, name }: Call) => call !== 'sync' || name !== 'usher.db'
    t.ok(told(await loseAtRandom(t, calls.filter(isKept), NOTICED)).length > 2)
  })
})
