// Says something in the room. A raw connection gets no answer: what fails closes it, alone.
import type { PublishCommand } from '../../protocol/command.ts'
import { CLOSE } from '../../protocol/errors.ts'
import type { Draft } from '../../protocol/message.ts'
import { isJson } from '../../protocol/payload.ts'
import type { Room } from '../../room/room.ts'
import type { Speaker } from '../speaker.ts'

/** Returns a promise only where an application has to be asked first. */
export function publish(
  speaker: Speaker,
  room: Room,
  command: PublishCommand,
): Promise<void> | undefined {
  const may = room.mayPublish(speaker.identity)
  if (may instanceof Promise) return may.then((answer) => decide(speaker, room, command, answer))
  decide(speaker, room, command, may)
  return undefined
}

function decide(speaker: Speaker, room: Room, command: PublishCommand, may: boolean): void {
  if (!may) return speaker.close(CLOSE.forbidden)
  const { kind, payload } = command
  const draft: Draft = { kind, payload, user: speaker.identity.user, origin: speaker.id }
  if (room.rule.payload === 'json' && !makeJson(draft)) return speaker.close(CLOSE.badRequest)
  try {
    const appended = room.publish(draft)
    if (appended instanceof Promise) appended.catch(() => speaker.close(CLOSE.internal))
  } catch {
    speaker.close(CLOSE.internal)
  }
}

/** In a room of JSON, text is taken for JSON and anything that is not is refused. */
function makeJson(draft: Draft): boolean {
  if (draft.kind === 'binary' || !isJson(draft.payload)) return false
  draft.kind = 'json'
  return true
}
