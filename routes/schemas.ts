// The parts that schemas of several routes share.
import { type Static, Type } from 'typebox'
import { ROOM_NAME_PATTERN } from '../src/protocol/names.ts'

export const strict = { additionalProperties: false } as const

/** Every error of every route. */
export const ErrorBody = Type.Object({
  error: Type.String(),
  code: Type.Integer(),
  message: Type.String(),
})

/** What every route may answer besides. */
export const failures = { '4xx': ErrorBody, 500: ErrorBody, 503: ErrorBody }

export const RoomName = Type.String({ pattern: ROOM_NAME_PATTERN })
export const RoomParams = Type.Object({ room: RoomName })
export type RoomParams = Static<typeof RoomParams>
