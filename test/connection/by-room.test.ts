// Memberships by room, while they are few and beyond that.
import { test } from 'tap'
import { including, inRoom, NONE, roomsOf, sizeOf, without } from '../../src/connection/by-room.ts'
import type { Membership } from '../../src/connection/membership.ts'

const ROOMS = 40

function membershipOf(name: string): Membership {
  return { hold: { room: { name } } } as Membership
}

test('memberships are found, counted and left the same way however many there are', async (t) => {
  const names = Array.from({ length: ROOMS }, (_, number) => `room:${number}`)
  let all = NONE
  for (const [index, name] of names.entries()) {
    t.equal(inRoom(all, name), undefined)
    const membership = membershipOf(name)
    all = including(all, membership)
    t.equal(inRoom(all, name), membership)
    t.equal(sizeOf(all), index + 1)
  }
  t.same(roomsOf(all), names)
  for (const name of names) {
    all = without(all, name)
    t.equal(inRoom(all, name), undefined)
  }
  t.equal(sizeOf(without(all, 'room:0')), 0)
})

test('a list that was left by one has the others, in their order', async (t) => {
  const [first, second, third] = ['a', 'b', 'c'].map(membershipOf)
  const all = [first, second, third].reduce((list, one) => including(list, one as Membership), NONE)
  t.same(roomsOf(without(all, 'b')), ['a', 'c'])
  t.equal(sizeOf(NONE), 0)
})
