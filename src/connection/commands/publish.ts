// Says something in the room. A raw connection gets no answer: what fails closes it, alone.
import type { PublishCommand } from '../../protocol/command.ts'
import { CLOSE } from '../../protocol/errors.ts'
import type { Draft } from '../../protocol/message.ts'
import { isJson } from '../../protocol/payload.ts'
import type { Room } from '../../room/room.ts'
import { allows } from '../../room/rule.ts'
import type { Speaker } from '../speaker.ts'

export function publish(speaker: Speaker, room: Room, command: PublishCommand): void {
  const { identity } = speaker
  if (!allows(room.rule, identity, 'publish', room.name)) return speaker.close(CLOSE.forbidden)
  const draft: Draft = { ...draftOf(command), user: identity.user, origin: speaker.id }
  if (room.rule.payload === 'json' && !makeJson(draft)) return speaker.close(CLOSE.badRequest)
  try {
    const appended = room.publish(draft)
    if (appended instanceof Promise) appended.catch(() => speaker.close(CLOSE.internal))
  } catch {
    speaker.close(CLOSE.internal)
  }
}

function draftOf({ kind, payload }: PublishCommand): Pick<Draft, 'kind' | 'payload'> {
  return { kind, payload }
}

/** In a room of JSON, text is taken for JSON and anything that is not is refused. */
function makeJson(draft: Draft): boolean {
  if (draft.kind === 'binary' || !isJson(draft.payload)) return false
  draft.kind = 'json'
  return true
}
