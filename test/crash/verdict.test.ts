// The judge of the crash runs finds every kind of broken promise, and none where there is none.
import t from 'tap'
import { payloadOf } from './payload.ts'
import { type Position, Record, type RoomRecord } from './record.ts'
import { type History, verdict } from './verdict.ts'

const names = ['p-1-40', 'p-2-9', 'p-3-100', 'p-4-0']
const EPOCH = 'e1'

function history(): { epoch: string; offset: number; kept: { offset: number; text: string }[] } {
  const kept = names.map((name, index) => ({ offset: index + 1, text: payloadOf(name) }))
  return { epoch: EPOCH, offset: names.length, kept }
}

function record(): RoomRecord {
  const room = new Record().room('chat:1')
  for (const [index, name] of names.entries()) {
    room.said.add(name)
    const at = { epoch: EPOCH, offset: index + 1 }
    room.acknowledged.set(name, [{ at, began: index, ended: index + 1 }])
    room.operations.push({ what: 'append', at, began: index, ended: index + 1 })
  }
  room.epochs.set(EPOCH, new Map(names.map((name, index) => [index + 1, name])))
  room.sequences.push(names.slice(1), [], names.slice(0, 2))
  return room
}

t.test('a run in which all was well has no verdict', async (t) => {
  t.same(verdict(record(), history()), [])
})

const LIES: { [what: string]: (room: RoomRecord, past: ReturnType<typeof history>) => void } = {
  'an acknowledged message is lost': (_, { kept }) => kept.pop(),
  'a hole': (_, { kept }) => kept.splice(1, 1),
  'a message twice': (_, past) => {
    past.kept.push({ offset: 5, text: payloadOf('p-1-40') })
    past.offset = 5
  },
  'half a message': (_, { kept }) => kept.splice(2, 1, { offset: 3, text: 'p-3-100|...' }),
  'two that changed places': (_, { kept }) => {
    kept.splice(
      0,
      2,
      { offset: 1, text: payloadOf('p-2-9') },
      { offset: 2, text: payloadOf('p-1-40') },
    )
  },
  'a message that no client said': (room) => room.said.delete('p-4-0'),
  'a follower heard what is not kept': (room) => room.epochs.get(EPOCH)?.set(5, 'p-5-1'),
  'a member heard what is not kept': (room) => room.sequences.push(['p-5-1']),
  'a member heard one twice': (room) => room.sequences.push(['p-1-40', 'p-1-40']),
  'a member missed one': (room) => room.sequences.push(['p-1-40', 'p-3-100']),
  'a member heard another order': (room) => room.sequences.push(['p-2-9', 'p-1-40']),
  'a new epoch': (_, past) => {
    past.epoch = 'e2'
  },
  'a head that is not there': (_, past) => {
    past.offset = 7
  },
}

for (const [what, lie] of Object.entries(LIES)) {
  t.test(`it notices: ${what}`, async (t) => {
    const [room, past] = [record(), history()]
    lie(room, past)
    t.not(verdict(room, past satisfies History).length, 0)
  })
}

/** The second half was lost, and other messages came in another epoch. */
function recordWithLoss(): RoomRecord {
  const room = record()
  room.losses.push({ began: 10, ended: 11, kept: 2 })
  for (const name of ['q-1-9', 'q-2-9']) room.said.add(name)
  const later = new Map([...names.slice(0, 2), 'q-1-9'].map((name, at) => [at + 1, name]))
  room.epochs.set('e2', later)
  append(room, 'q-1-9', { epoch: 'e2', offset: 3 })
  room.sequences.push(['p-4-0', 'p-5-lost'], ['q-1-9', 'q-2-9'])
  return room
}

function append(room: RoomRecord, name: string, at: Position, began = 20): void {
  room.acknowledged.set(name, [{ at, began, ended: began + 1 }])
  room.operations.push({ what: 'append', at, began, ended: began + 1 })
}

function historyAfterLoss() {
  const kept = [...names.slice(0, 2), 'q-1-9', 'q-2-9'].map((name, index) => {
    return { offset: index + 1, text: payloadOf(name) }
  })
  return { epoch: 'e2', offset: kept.length, kept }
}

t.test('what a store lost is lost, and said in another epoch', async (t) => {
  t.same(verdict(recordWithLoss(), historyAfterLoss()), [])
})

const LIES_AFTER_LOSS: typeof LIES = {
  'what was acknowledged before and was kept is lost': (room, { kept }) => {
    kept.splice(1, 1, { offset: 2, text: payloadOf('q-9-9') })
    room.said.add('q-9-9')
    room.epochs.get('e2')?.set(2, 'q-9-9')
  },
  'what was acknowledged after is lost': (room) => {
    append(room, 'q-3-9', { epoch: 'e2', offset: 5 })
  },
  'the epoch goes on': (room) => append(room, 'q-3-9', { epoch: EPOCH, offset: 3 }),
  'a connection goes on from one epoch to the other': (room) => {
    room.sequences.push(['p-3-100', 'p-4-0', 'q-1-9'])
  },
  'a connection heard other messages than the history has': (room) => {
    room.sequences.push(['p-2-9', 'q-2-9'])
  },
}

for (const [what, lie] of Object.entries(LIES_AFTER_LOSS)) {
  t.test(`after a loss it notices: ${what}`, async (t) => {
    const [room, past] = [recordWithLoss(), historyAfterLoss()]
    lie(room, past)
    t.not(verdict(room, past satisfies History).length, 0)
  })
}

/** The first message of `e2` was heard by members alone, was kept, and the rest of it was lost. */
function recordWithTwoLosses(): RoomRecord {
  const room = recordWithLoss()
  room.epochs.delete('e2')
  room.acknowledged.delete('q-1-9')
  room.operations.pop()
  room.losses.push({ began: 30, ended: 31, kept: 3 })
  for (const name of ['q-3-9', 'r-1-9', 'r-2-9', 'r-3-9']) room.said.add(name)
  append(room, 'q-2-9', { epoch: 'e2', offset: 4 })
  append(room, 'q-3-9', { epoch: 'e2', offset: 5 })
  const places: [number, string][] = [
    [4, 'q-2-9'],
    [5, 'q-3-9'],
  ]
  room.epochs.set('e2', new Map(places))
  const later = ['r-1-9', 'r-2-9', 'r-3-9'].map((name, at) => [at + 4, name] as const)
  for (const [offset, name] of later) append(room, name, { epoch: 'e3', offset }, 40)
  room.epochs.set('e3', new Map(later))
  room.sequences.push(['q-1-9', 'q-2-9', 'q-3-9'])
  return room
}

function historyAfterTwoLosses(): History {
  const kept = [...names.slice(0, 2), 'q-1-9', 'r-1-9', 'r-2-9', 'r-3-9'].map((name, index) => {
    return { offset: index + 1, text: payloadOf(name) }
  })
  return { epoch: 'e3', offset: kept.length, kept }
}

t.test('of an epoch that is over, members alone may have heard what was kept', async (t) => {
  t.same(verdict(recordWithTwoLosses(), historyAfterTwoLosses()), [])
  for (const sequence of [
    ['q-3-9', 'r-3-9'],
    ['q-1-9', 'q-2-9', 'r-2-9'],
    ['q-2-9', 'q-1-9'],
    ['p-3-100', 'p-4-0', 'q-1-9'],
    ['p-2-9', 'q-1-9', 'q-2-9'],
  ]) {
    const room = recordWithTwoLosses()
    room.sequences.push(sequence)
    t.not(verdict(room, historyAfterTwoLosses()).length, 0, `${sequence}`)
  }
})

t.test('what is wrong at once is noted while it runs', async (t) => {
  const noted = new Record()
  const at = (offset: number, epoch = EPOCH) => ({ epoch, offset })
  const text = payloadOf('p-1-40')
  noted.followed('f1', 'chat:1', { last: at(0), at: at(1), text })
  noted.acknowledged('chat:1', 'p-1-40', at(1))
  t.same(noted.wrongs, [])
  noted.followed('f1', 'chat:1', { last: at(1), at: at(1), text })
  noted.followed('f1', 'chat:1', { last: at(1), at: at(3), text })
  noted.followed('f2', 'chat:1', { last: at(0), at: at(1), text: payloadOf('p-2-9') })
  noted.followed('f2', 'chat:1', { last: at(1), at: at(2, 'e2'), text })
  noted.heard('t1', 'chat:1', [], text.slice(1))
  noted.acknowledged('chat:1', 'p-1-40', at(2))
  t.equal(noted.wrongs.length, 7)
})

t.test('where epochs may end, followers are told of it', async (t) => {
  const noted = new Record({ mayEpochsEnd: true })
  const [one, two] = [
    { epoch: EPOCH, offset: 1 },
    { epoch: 'e2', offset: 1 },
  ]
  const text = payloadOf('p-1-40')
  noted.followed('f1', 'chat:1', { last: { ...one, offset: 0 }, at: one, text })
  noted.reset('f1', 'chat:1', { last: one, at: { ...two, offset: 0 } })
  noted.followed('f1', 'chat:1', { last: { ...two, offset: 0 }, at: two, text })
  t.same(noted.wrongs, [])
  noted.followed('f2', 'chat:1', { last: one, at: { ...two, offset: 2 }, text })
  noted.reset('f3', 'chat:1', { last: two, at: two })
  t.equal(noted.wrongs.length, 2)
})
