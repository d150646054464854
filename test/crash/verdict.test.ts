// The judge of the crash runs finds every kind of broken promise, and none where there is none.
import t from 'tap'
import { payloadOf } from './payload.ts'
import { Record, type RoomRecord } from './record.ts'
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
    room.acknowledged.set(name, { epoch: EPOCH, offset: index + 1 })
    room.followed.set(index + 1, name)
  }
  room.epoch = EPOCH
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
  'a message that nobody said': (room) => room.said.delete('p-4-0'),
  'a follower heard what is not kept': (room) => room.followed.set(5, 'p-5-1'),
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
  t.equal(noted.wrongs.length, 6)
})
