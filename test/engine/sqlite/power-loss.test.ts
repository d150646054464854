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
/** So few show a disk that is not synced, where something was acknowledged by then. */
const NOTICED = 14
/** While the store is made. */
const FIRST_CALLS = 60
const ALL = { messages: 1_000_000, ageMs: null }

type Moment = (typeof MOMENTS)[number]
const MOMENTS = ['at random', 'where the log is moved', 'where the store is made'] as const

function moments(calls: readonly Call[], dice: Dice, count: number, of: readonly Moment[]) {
  const moves = calls.flatMap(({ call, name }, at) =>
    call === 'write' && name === 'usher.db' ? [at] : [],
  )
  const kinds: Record<Moment, () => number> = {
    'at random': () => dice.below(calls.length),
    'where the log is moved': () => dice.pick(moves) + dice.below(5),
    'where the store is made': () => dice.below(FIRST_CALLS),
  }
  const chosen = Array.from({ length: count }, (_, i) => kinds[of[i % of.length] ?? 'at random']())
  return chosen.toSorted((a, b) => a - b)
}

const bodies = new Map<number, string>()

/** Of what was said under this number; it is asked for thousands of times. */
function bodyOf(number: number): string {
  const body = bodies.get(number) ?? saying(number).draft.payload.toString()
  bodies.set(number, body)
  return body
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
      if (room === KEEPS_FEW && offset <= newest - FEW) continue
      const kept = room === KEEPS_ALL ? all[offset - 1] : few.at(offset - newest - 1)
      if (kept?.offset !== offset || kept.body !== bodyOf(number))
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
    const whole = bodyOf(Number.parseInt(body, 10))
    const found = body === whole ? [] : [`${offset} is half a message`]
    return offset === first + index ? found : [...found, `${offset} is not ${first + index}`]
  })
}

/** Loses the power at random moments of the run. */
function loseAtRandom(t: Test, calls: readonly Call[]): Promise<Loss[]> {
  const chosen = moments(calls, new Dice(SEED, 0), LOSSES, MOMENTS)
  return lose(t, calls, { moments: chosen, seed: SEED, check: wrongs })
}

/** Loses it where these calls were not done, at moments at which that may show. */
async function noticed(t: Test, calls: readonly Call[], lack: (call: Call) => boolean) {
  const done = calls.filter((call) => !lack(call))
  const chosen = moments(done, new Dice(SEED, 0), NOTICED, MOMENTS.slice(0, 2))
  return told(await lose(t, done, { moments: chosen, seed: SEED, check: wrongs }))
}

t.test('[C94] acknowledged messages are there after a loss of power, at any moment', async (t) => {
  const calls = await recorded(t, 'say-much.ts')
  await t.test('the disk may lose and tear all that was not synced', async (t) => {
    const losses = await loseAtRandom(t, calls)
    t.same(told(losses), [])
    t.ok(losses.some(({ acknowledged }) => acknowledged > 4_000))
  })
  await t.test('would notice if the log were not synced', async (t) => {
    const lack = ({ call, name }: Call) => call === 'sync' && name === 'usher.db-wal'
    t.ok((await noticed(t, calls, lack)).length > 2)
  })
  await t.test('would notice if the log began again before its content was safe', async (t) => {
    const lack = ({ call, name }: Call) => call === 'sync' && name === 'usher.db'
    t.ok((await noticed(t, calls, lack)).length > 2)
  })
})
