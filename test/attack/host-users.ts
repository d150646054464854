// The users of the application that embeds Usher, who log in with a name alone, and what it answers
// about rooms: the name of a room says which answer, good or odd.
import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { HostUser } from '../../src/index.ts'
import type { Authorize } from '../../src/room/rule.ts'

const sessions = new Map<string, HostUser>()

/** A scheme of its own: bearer tokens are Usher's. */
export function identity({ headers }: FastifyRequest): HostUser | null {
  const [, session = ''] = /^Session (.*)$/.exec(headers.authorization ?? '') ?? []
  return sessions.get(session) ?? null
}

/** The error of an application that fails on purpose. */
export const FAILURE = 'the application fails on purpose'
const BAD = new Error(FAILURE)

/** A thenable that is no promise, as query builders and older promise libraries make it. */
function settling(then: (resolve: (value: unknown) => void, reject: (e: Error) => void) => void) {
  return { then }
}

const thenable = (value: unknown, ms = 5) =>
  settling((resolve) => void setTimeout(resolve, ms, value))
const callable = (value: unknown) => Object.assign(() => undefined, thenable(value))

/** By the second part of a room's name, such as `odd:true-thenable`. */
const ANSWERS: Readonly<Record<string, () => unknown>> = {
  true: () => true,
  false: () => false,
  undefined: () => undefined,
  one: () => 1,
  text: () => 'true',
  object: () => ({}),
  'true-promise': async () => true,
  'false-promise': async () => false,
  'true-thenable': () => thenable(true),
  'true-slowly': () => thenable(true, 200),
  'false-thenable': () => thenable(false),
  'undefined-thenable': () => thenable(undefined),
  'one-thenable': () => thenable(1),
  'false-callable-thenable': () => callable(false),
  'true-callable-thenable': () => callable(true),
  'false-thenable-twice': () => thenable(thenable(false)),
  throws: () => {
    throw BAD
  },
  rejects: () => Promise.reject(BAD),
  'rejecting-thenable': () => settling((_, reject) => reject(BAD)),
  'throwing-thenable': () =>
    settling(() => {
      throw BAD
    }),
}

export const ODD_ANSWERS = Object.keys(ANSWERS)

/** Other rooms are open to users; `publish-*` are odd about publishing alone. */
export const authorize: Authorize = ({ user, server }, action, room) => {
  const [, publishes, word = ''] = /^odd:(publish-)?(.*)$/.exec(room) ?? []
  const isOdd = word !== '' && (publishes === undefined || action === 'publish')
  if (isOdd) return ANSWERS[word]?.() as boolean
  return user !== null || server !== null
}

export function addHostRoutes(app: FastifyInstance): void {
  app.get('/health/ready', async () => ({ status: 'ok' }))
  app.post<{ Params: { user: string } }>('/log-in/:user', async ({ params: { user } }) => {
    const session = randomUUID()
    sessions.set(session, { user, session })
    return { session }
  })
  app.post<{ Params: { session: string } }>('/log-out/:session', async ({ params }) => {
    sessions.delete(params.session)
    await app.usher.disconnect({ session: params.session })
    return {}
  })
}
