// Commands of one connection run in their order, also where one of them waits.
import { test } from 'tap'
import { CommandLane, type LaneOwner } from '../../src/connection/command-lane.ts'
import type { Command } from '../../src/protocol/command.ts'
import type { InboundFrame } from '../../src/wire/wire-format.ts'

const BOUNDS = { countMax: 3, bytesMax: 10 }

/** Letters are commands; a capital letter waits until it is told to go on. */
class Letters implements LaneOwner {
  read = ''
  turns = 0
  readonly ran: string[] = []
  readonly faults: unknown[] = []
  readonly #waiting: (() => void)[] = []

  run(command: Command): Promise<unknown> | null {
    const { room } = command as Extract<Command, { type: 'unsubscribe' }>
    this.ran.push(room)
    if (room === room.toLowerCase()) return null
    return new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  *decode({ payload }: InboundFrame): Iterable<Command> {
    for (const room of payload.toString()) {
      this.read += room
      yield { type: 'unsubscribe', id: 1, room }
    }
  }

  async nextTurn(): Promise<void> {
    this.turns += 1
  }

  fault(error: unknown): void {
    this.faults.push(error)
  }

  async goOn(): Promise<void> {
    this.#waiting.shift()?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const frame = (letters: string): InboundFrame => ({ payload: Buffer.from(letters), binary: false })

test('a command that waits holds back the rest of its frame, and later frames', async (t) => {
  const owner = new Letters()
  const lane = new CommandLane(owner)
  t.ok(lane.receive(frame('aBcDe'), BOUNDS))
  t.ok(lane.receive(frame('fG'), BOUNDS))
  t.ok(lane.receive(frame('h'), BOUNDS))
  t.equal(owner.ran.join(''), 'aB')
  await owner.goOn()
  t.equal(owner.ran.join(''), 'aBcD')
  await owner.goOn()
  t.equal(owner.ran.join(''), 'aBcDefG')
  t.ok(lane.isWaiting)
  await owner.goOn()
  t.equal(owner.ran.join(''), 'aBcDefGh')
  t.notOk(lane.isWaiting)
  t.same(owner.faults, [])
})

test('what waits is bounded in frames and bytes', async (t) => {
  const owner = new Letters()
  const lane = new CommandLane(owner)
  lane.receive(frame('A'), BOUNDS)
  for (const letters of ['b', 'c', 'd']) t.ok(lane.receive(frame(letters), BOUNDS))
  t.notOk(lane.receive(frame('e'), BOUNDS))
  const other = new CommandLane(owner)
  other.receive(frame('A'), BOUNDS)
  t.notOk(other.receive(frame('eleven more'), BOUNDS))
})

test('a lane that has stopped runs nothing more', async (t) => {
  const owner = new Letters()
  const lane = new CommandLane(owner)
  lane.receive(frame('Ab'), BOUNDS)
  lane.receive(frame('c'), BOUNDS)
  lane.stop()
  await owner.goOn()
  t.equal(owner.ran.join(''), 'A')
})

test('[C330] a command is read when those before it have run, and none after a stop', async (t) => {
  const owner = new Letters()
  const lane = new CommandLane(owner)
  lane.receive(frame('abCde'), BOUNDS)
  t.equal(owner.read, 'abC')
  lane.stop()
  await owner.goOn()
  t.equal(owner.read, 'abC')
})

test('[S42] after some commands other connections have their turn', async (t) => {
  const owner = new Letters()
  const lane = new CommandLane(owner)
  lane.receive(frame('a'.repeat(100)), BOUNDS)
  t.equal(owner.ran.length, 32)
  t.ok(lane.receive(frame('b'), BOUNDS))
  await owner.goOn()
  t.equal(owner.ran.join(''), `${'a'.repeat(100)}b`)
  t.equal(owner.turns, 3)
})
