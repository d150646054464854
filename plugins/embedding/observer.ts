// The hooks of a host application as the observer of all rooms.
import type { FastifyInstance } from 'fastify'
import type { Member } from '../../src/room/member.ts'
import type { RoomObserver } from '../../src/room/observer.ts'
import type { UsherHooks } from './host-types.ts'

/** Calls the application's hooks; one that fails is logged, and no member notices. */
export function observerOf(app: FastifyInstance, hooks: UsherHooks): RoomObserver {
  const failed = (hook: string) => (err: unknown) =>
    app.log.error({ err, hook }, 'a hook of the application failed')
  const safely = (hook: keyof UsherHooks, run: () => unknown): void => {
    try {
      const running = run()
      if (running instanceof Promise) running.catch(failed(hook))
    } catch (error) {
      failed(hook)(error)
    }
  }
  const memberOf = (room: string, { id, user }: Member) => ({ room, connection: id, user })
  return {
    joined: (room, member) => safely('joined', () => hooks.joined?.(memberOf(room, member))),
    left: (room, member) => safely('left', () => hooks.left?.(memberOf(room, member))),
    published: (room, { user, name, kind, payload }, { position, time }) =>
      safely('published', () =>
        hooks.published?.({ room, user, name, kind, payload, time, ...position }),
      ),
  }
}
