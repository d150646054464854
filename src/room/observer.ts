// What an application may be told of rooms. Nothing waits for it.
import type { Appended, MessageLog } from '../engine/message-log.ts'
import type { Draft } from '../protocol/message.ts'
import type { Member } from './member.ts'

/** Called on the node where it happened. MUST NOT throw. */
export interface RoomObserver {
  joined(room: string, member: Member): void
  left(room: string, member: Member): void
  published(room: string, draft: Draft, appended: Appended): void
}

/** Nobody listens. */
export const UNOBSERVED: RoomObserver = {
  joined() {},
  left() {},
  published() {},
}

/** Tells of every draft that was accepted, whichever door it came by. */
export function observedLog(log: MessageLog, observer: RoomObserver): MessageLog {
  return {
    ...log,
    append(room, draft, options) {
      const appended = log.append(room, draft, options)
      const tell = (answer: Appended): Appended => {
        if (!answer.repeated) observer.published(room, draft, answer)
        return answer
      }
      return appended instanceof Promise ? appended.then(tell) : tell(appended)
    },
  }
}
