// The contract of presence: which connections are in a room, told to every node.
import type { Test } from 'tap'
import type { Engine } from '../../src/engine/engine.ts'
import type { PresenceEntry, PresenceWatcher, Watch } from '../../src/engine/presence-store.ts'
import { type OpenShared, type Subject, soon } from './support/suite-setup.ts'

const ROOM = 'chat:1'

function entry(connection: string, fields: Partial<PresenceEntry> = {}): PresenceEntry {
  return { connection, user: 'u_ada', name: 'Ada', info: null, ...fields }
}

/** Records the events: `+c` for an entry, `-c` for the end of one, `?` for a gap. */
class Remembering implements PresenceWatcher {
  readonly told: string[] = []
  readonly entries: PresenceEntry[] = []

  onEntered(entry: PresenceEntry): void {
    this.told.push(`+${entry.connection}`)
    this.entries.push(entry)
  }

  onLeft({ connection }: PresenceEntry): void {
    this.told.push(`-${connection}`)
  }

  onGap(): void {
    this.told.push('?')
  }
}

async function watching(
  { presence }: Engine,
  room = ROOM,
): Promise<{ watcher: Remembering; watch: Watch }> {
  const watcher = new Remembering()
  return { watcher, watch: await presence.watch(room, watcher) }
}

/** The entries of the room as a node sees them, in the order of their connections. */
async function connectionsIn({ presence }: Engine, room = ROOM): Promise<string[]> {
  return (await presence.list(room)).map(({ connection }) => connection).sort()
}

export function presenceContract(t: Test, { openShared, lapse, cutOff }: Subject): void {
  t.test('entering and leaving', async (t) => listContract(t, openShared))
  t.test('watching', async (t) => watchContract(t, openShared))
  if (lapse !== null) t.test('leases', async (t) => leaseContract(t, openShared, lapse))
  if (cutOff !== null) {
    t.test('a node that was cut off is told the events it missed, or a gap', async (t) => {
      const [one, other] = await openShared(t)
      const { watcher } = await watching(other)
      const back = cutOff(other)
      await one.presence.enter(ROOM, entry('c1'))
      for (let round = 0; round < 3; round += 1) await one.presence.list(ROOM)
      back()
      await soon(() => watcher.told.includes('+c1') || watcher.told.includes('?'))
      t.same(await connectionsIn(other), ['c1'])
    })
  }
}

function listContract(t: Test, openShared: OpenShared): void {
  t.test('an entry of one node is listed by the other, unchanged', async (t) => {
    const [one, other] = await openShared(t)
    const full = entry('c1', { name: 'Ädä 😀', info: '{"public":{"a":1}}' })
    const bare = entry('c2', { user: null, name: null })
    await one.presence.enter(ROOM, full)
    await other.presence.enter(ROOM, bare)
    for (const { presence } of [one, other]) {
      const list = await presence.list(ROOM)
      const sorted = list.sort((a, b) => a.connection.localeCompare(b.connection))
      t.same(sorted, [full, bare])
    }
    t.same(await other.presence.list('chat:2'), [], 'another room has its own')
  })

  t.test('a connection that left is gone everywhere, from that room alone', async (t) => {
    const [one, other] = await openShared(t)
    await one.presence.enter(ROOM, entry('c1'))
    await one.presence.enter('chat:2', entry('c1'))
    await one.presence.leave(ROOM, 'c1')
    await one.presence.leave(ROOM, 'c1')
    await one.presence.leave(ROOM, 'unknown')
    t.same(await connectionsIn(other), [])
    t.same(await connectionsIn(other, 'chat:2'), ['c1'])
  })

  t.test('entering again replaces the entry', async (t) => {
    const [one, other] = await openShared(t)
    await one.presence.enter(ROOM, entry('c1'))
    await one.presence.enter(ROOM, entry('c1', { name: 'Augusta' }))
    t.same(await other.presence.list(ROOM), [entry('c1', { name: 'Augusta' })])
  })

  t.test('calls that are not waited for take effect in their order', async (t) => {
    const [one, other] = await openShared(t)
    const { watcher } = await watching(other)
    const calls: Promise<void>[] = []
    for (let i = 0; i < 20; i += 1) {
      calls.push(one.presence.enter(ROOM, entry('stays')), one.presence.enter(ROOM, entry('goes')))
      calls.push(one.presence.leave(ROOM, i < 19 ? 'stays' : 'none'))
      calls.push(one.presence.leave(ROOM, 'goes'))
    }
    await Promise.all(calls)
    for (const engine of [one, other]) t.same(await connectionsIn(engine), ['stays'])
    await soon(() => watcher.told.length === 79)
    const of = (connection: string) => watcher.told.filter((told) => told.endsWith(connection))
    t.same(of('goes'), Array(20).fill(['+goes', '-goes']).flat())
    t.same(of('stays'), [...Array(19).fill(['+stays', '-stays']).flat(), '+stays'])
  })

  t.test('after 200 enter and some leave at once, the others stay', async (t) => {
    const engines = await openShared(t)
    const all = Array.from({ length: 200 }, (_, i) => `c${String(i).padStart(3, '0')}`)
    await Promise.all(
      all.map(async (connection, i) => {
        const { presence } = engines[i % 2 === 0 ? 0 : 1]
        await presence.enter(ROOM, entry(connection))
        if (i % 3 === 0) await presence.leave(ROOM, connection)
      }),
    )
    for (const engine of engines) {
      t.same(
        await connectionsIn(engine),
        all.filter((_, i) => i % 3 !== 0),
      )
    }
  })
}

function watchContract(t: Test, openShared: OpenShared): void {
  t.test('joins and leaves are told on every node, each once and with its entry', async (t) => {
    const [one, other] = await openShared(t)
    const watchers = [(await watching(one)).watcher, (await watching(other)).watcher]
    await one.presence.enter(ROOM, entry('c1'))
    await one.presence.enter(ROOM, entry('c1'))
    await one.presence.enter('chat:2', entry('c9'))
    await one.presence.leave(ROOM, 'c1')
    await one.presence.leave(ROOM, 'c1')
    await one.presence.enter(ROOM, entry('c2'))
    await soon(() => watchers.every(({ told }) => told.includes('+c2')))
    for (const { told, entries } of watchers) {
      t.same(told, ['+c1', '-c1', '+c2'])
      t.same(entries, [entry('c1'), entry('c2')])
    }
  })

  t.test('an entry that is replaced is told as entered', async (t) => {
    const [one, other] = await openShared(t)
    const { watcher } = await watching(other)
    await one.presence.enter(ROOM, entry('c1'))
    await one.presence.enter(ROOM, entry('c1', { name: 'Augusta' }))
    await soon(() => watcher.entries.length === 2)
    t.same(watcher.entries, [entry('c1'), entry('c1', { name: 'Augusta' })])
  })

  t.test('the list and the events after it are complete', async (t) => {
    const [one, other] = await openShared(t)
    const entering = Array.from({ length: 50 }, (_, i) => one.presence.enter(ROOM, entry(`c${i}`)))
    const { watcher } = await watching(other)
    const list = await connectionsIn(other)
    await Promise.all(entering)
    const known = () => new Set([...list, ...watcher.entries.map(({ connection }) => connection)])
    await soon(() => known().size === 50)
    t.equal(known().size, 50)
  })

  t.test('a watch that was stopped is told no more', async (t) => {
    const [one, other] = await openShared(t)
    const { watcher, watch } = await watching(other)
    const { watcher: next } = await watching(other)
    watch.stop()
    watch.stop()
    await one.presence.enter(ROOM, entry('c1'))
    await soon(() => next.told.length > 0)
    t.same([watcher.told, next.told], [[], ['+c1']])
  })
}

function leaseContract(t: Test, openShared: OpenShared, lapse: NonNullable<Subject['lapse']>) {
  t.test('entries of a node go with its lease, and come again with the next', async (t) => {
    const [one, other] = await openShared(t)
    const { watcher } = await watching(other)
    await one.presence.enter(ROOM, entry('c1'))
    await other.presence.enter(ROOM, entry('c2'))
    await lapse(one)
    await soon(() => watcher.told.length >= 4)
    t.same(watcher.told, ['+c1', '+c2', '-c1', '+c1'])
    for (const engine of [one, other]) t.same(await connectionsIn(engine), ['c1', 'c2'])
    await one.presence.leave(ROOM, 'c1')
    t.same(await connectionsIn(other), ['c2'], 'it is the node of that lease that lets it leave')
  })

  t.test('an entry that left before the lapse does not come again', async (t) => {
    const [one, other] = await openShared(t)
    await one.presence.enter(ROOM, entry('c1'))
    await one.presence.leave(ROOM, 'c1')
    await lapse(one)
    t.same(await connectionsIn(other), [])
  })

  t.test('a leave that is under way when the lease lapses has its effect', async (t) => {
    const [one, other] = await openShared(t)
    await one.presence.enter(ROOM, entry('c1'))
    await one.presence.enter(ROOM, entry('c2'))
    const leaving = one.presence.leave(ROOM, 'c1')
    await lapse(one)
    await leaving
    for (const engine of [one, other]) t.same(await connectionsIn(engine), ['c2'])
  })

  t.test('a node that closes leaves nothing behind', async (t) => {
    const [one, other] = await openShared(t)
    await one.presence.enter(ROOM, entry('c1'))
    await one.close()
    await soon(async () => (await connectionsIn(other)).length === 0)
    t.same(await connectionsIn(other), [])
  })
}
