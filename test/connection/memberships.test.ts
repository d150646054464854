// The rooms of a connection that may be in many.
import { test } from 'tap'
import { Memberships } from '../../src/connection/memberships.ts'
import type { PresenceMode } from '../../src/room/rule.ts'
import { richFormatOf } from '../../src/wire/formats.ts'
import { TestRooms } from '../support/test-rooms.ts'

test('a client that asks for joins shares the bytes of others where none are told', async (t) => {
  const format = richFormatOf('json', 'websocket')
  const formatIn = async (presence: PresenceMode, tellsPresence: boolean) => {
    const testRooms = new TestRooms({}, { presence })
    const memberships = new Memberships(testRooms.open().connection, format)
    const hold = await testRooms.rooms.open('chat:a', testRooms.rule)
    return memberships.add({ hold, tellsPresence, right: null, isByServer: false }).format
  }
  t.equal(await formatIn('members', true), format.withPresence)
  t.equal(await formatIn('members', false), format)
  t.equal(await formatIn('counts', true), format)
  t.equal(await formatIn(false, true), format)
})
