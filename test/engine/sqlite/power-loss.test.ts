// A loss of power at any moment, with what a disk may make of it: the store opens, and everything
// that was acknowledged is in it, whole and once.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openEngine } from '../../../src/engine/open-engine.ts'
import { NO_HOLDER } from '../../../src/engine/shares.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { Dice } from '../../support/dice.ts'
import { makeDisk } from '../../support/disk/disk.ts'
import { PowerLoss } from '../../support/disk/power-loss.ts'
import { type Call, readRecording } from '../../support/disk/recording.ts'
import { pageQuery } from '../../support/page-query.ts'
import { startChild } from './child.ts'
import { FEW, KEEPS_ALL, KEEPS_FEW, saying } from './children/sayings.ts'

const SEED = 20_261_123
const LOSSES = 45
/** While the store is made. */
const FIRST_CALLS = 60
/** The file that the process wrote for the test; no part of the store. */
const ACKS = 'acks'
const ALL = { messages: 1_000_000, ageMs: null }

/** A process that publishes many messages, and the record of its disk. */
async function recorded(t: Test): Promise<Call[]> {
  const disk = makeDisk(t.testdir({}), { records: true })
  const names = Object.entries(disk.env).map(([name, value]) => `${name}='${value}'`)
  const shell = `export ${names.join(' ')}; exec "$@"`
  const child = startChild(t, ['say-much.ts', disk.folder], { shell })
  t.equal(await child.line(), null, 'it ends and prints nothing')
  return readRecording(disk.record)
}

/** At random, where the log is moved into the database, and where the store is made. */
function moments(calls: readonly Call[], dice: Dice): number[] {
  const moves = calls.flatMap(({ call, name }, at) =>
    call === 'write' && name === 'usher.db' ? [at] : [],
  )
  const kinds = [
    () => dice.below(calls.length),
    () => dice.pick(moves) + dice.below(5),
    () => dice.below(FIRST_CALLS),
  ]
  const chosen = Array.from({ length: LOSSES }, (_, i) => kinds[i % kinds.length]?.() ?? 0)
  return chosen.toSorted((a, b) => a - b)
}

interface Ack {
  offset: number
  room: string
  number: number
  time: number
}

function acksIn(text: string): Ack[] {
  const lines = text.split('\n').slice(0, -1)
  return lines.map((line) => {
    const [offset, time, room = '', number] = line.split(' ')
    return { offset: Number(offset), time: Number(time), room, number: Number(number) }
  })
}

/** The faults of a store in which exactly this was acknowledged. */
async function wrongs(folder: string, acks: readonly Ack[]): Promise<string[]> {
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

interface Loss {
  at: number
  wrongs: string[]
  acknowledged: number
}

/** Loses the power at each of these moments, from the same run. */
async function lose(t: Test, calls: readonly Call[]): Promise<Loss[]> {
  const home = t.testdir({})
  const power = new PowerLoss()
  const losses: Loss[] = []
  let acks = ''
  let done = 0
  for (const [index, at] of moments(calls, new Dice(SEED, 0)).entries()) {
    for (const call of calls.slice(done, at)) {
      if (call.name !== ACKS) power.do(call)
      else if (call.call === 'write') acks += call.data
    }
    done = Math.max(done, at)
    const folder = join(home, String(index))
    const acknowledged = acksIn(acks)
    mkdirSync(folder)
    for (const [name, bytes] of power.files(new Dice(SEED, index))) {
      // SQLite makes this again, and trusts nothing in it.
      if (!name.endsWith('-shm')) writeFileSync(join(folder, name), bytes)
    }
    const found = await wrongs(folder, acknowledged).catch((error) => [String(error)])
    losses.push({ at, wrongs: found, acknowledged: acknowledged.length })
  }
  return losses
}

t.test('[C94] acknowledged messages are there after a loss of power, at any moment', async (t) => {
  const calls = await recorded(t)
  await t.test('the disk may lose and tear all that was not synced', async (t) => {
    const losses = await lose(t, calls)
    const bad = losses.filter(({ wrongs }) => wrongs.length > 0)
    const told = bad.map(({ at, wrongs }) => `call ${at}: ${wrongs.slice(0, 3).join(', ')}`)
    t.same(told, [])
    t.ok(losses.some(({ acknowledged }) => acknowledged > 4_000))
  })
  await t.test('would notice if the log were not synced', async (t) => {
    const isKept = ({ call, name }: Call) => call !== 'sync' || name !== 'usher.db-wal'
    const losses = await lose(t, calls.filter(isKept))
    t.ok(losses.filter(({ wrongs }) => wrongs.length > 0).length > LOSSES / 4)
  })
})
