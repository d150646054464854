// The calls of the application that delete what was said: of a user, or in a room.
import type { FastifyInstance } from 'fastify'
import { isRoomName, isUserId } from '../../src/protocol/names.ts'
import { need } from './need.ts'
import type { Usher } from './usher-types.ts'

export function deletions(app: FastifyInstance): Pick<Usher, 'redactUser' | 'deleteRoom'> {
  return {
    async redactUser(user) {
      need(isUserId(user), 'A user id is 1 to 128 of the characters of ids.')
      return app.rooms.redactUser(user)
    },
    async deleteRoom(room) {
      need(isRoomName(room), 'A room name is 1 to 128 of the characters of names.')
      return app.rooms.delete(room)
    },
  }
}
