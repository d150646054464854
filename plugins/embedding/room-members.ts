// Who is in a room, for the application itself: it needs no right.
import type { FastifyInstance } from 'fastify'
import { isRoomName } from '../../src/protocol/names.ts'
import { need } from './need.ts'
import type { Usher } from './usher-types.ts'

export function roomMembers(app: FastifyInstance): Usher['members'] {
  return async (room) => {
    need(isRoomName(room), 'A room name is 1 to 128 of the characters of names.')
    const { members, ...counts } = await app.rooms.membersIn(room)
    const shown = members?.map(({ info, ...user }) => ({
      ...user,
      info: info === null ? null : JSON.parse(info),
    }))
    return { members: shown ?? null, ...counts }
  }
}
