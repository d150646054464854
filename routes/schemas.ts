// The parts that schemas of several routes share. Their texts stand in the description at /docs: a
// summary, a description of each status, an example of everything.
import { type Static, Type } from 'typebox'
import { REPLY } from '../src/protocol/errors.ts'
import { ROOM_NAME_PATTERN, USER_ID_PATTERN } from '../src/protocol/names.ts'

export const strict = { additionalProperties: false } as const

const ErrorBody = Type.Object({
  error: Type.String(),
  code: Type.Integer(),
  message: Type.String(),
})

/** What a status means on any route, and a message that it may come with. */
const FAILURES = {
  400: ['The request is not of the form that the path takes.', 'The body is not JSON.'],
  401: ['No credential, or one that is not valid now.', 'Log in, or send a token.'],
  403: [
    'Known, and not allowed; or a page or transport that may not.',
    'You may not do that here.',
  ],
  404: ['There is nothing of that name.', 'There is no message at this offset.'],
  405: ['A WebSocket handshake with another method than GET.', 'Upgrade with GET.'],
  409: ['It is there already, and is something else.', 'This name is taken: choose another.'],
  413: ['The body is over its bound.', 'The body is too large.'],
  415: ['A type of body that is not taken here.', 'Send the message as application/json.'],
  429: ['A limit of yours; wait as `Retry-After` says.', 'Too many messages: wait a second.'],
  500: ['Our fault; the log has the rest.', 'Something went wrong here: try again.'],
  503: ['Full, going down, or without its store; retry.', 'The store is away: try again.'],
  507: ['The store is full; retry later.', 'The store is full: try again later.'],
} as const

type Status = keyof typeof FAILURES
type Failures<Given extends Status> = Record<Given, typeof ErrorBody>

function failure(status: Status): typeof ErrorBody {
  const rows = Object.values(REPLY).filter((row) => row.status === status)
  const [description, message] = FAILURES[status]
  const { error, code } = rows[0] ?? REPLY.internal
  return Type.Object(
    {
      error: Type.String({ enum: rows.map((row) => row.error) }),
      code: Type.Integer({ enum: [...new Set(rows.map((row) => row.code))] }),
      message: Type.String({ description: 'What to do.' }),
    },
    { description, examples: [{ error, code, message }] },
  )
}

/** Refusals of every route: for the form of a request, and for faults of the server. */
const ANY = [400, 403, 500, 503] as const
/** Further refusals of routes that take a body. */
const WITH_BODY = [405, 413, 415] as const
type Any = (typeof ANY)[number]
type WithBody = (typeof WITH_BODY)[number]

export function failures<Given extends Status>(...given: Given[]): Failures<Given> {
  return Object.fromEntries(given.map((status) => [status, failure(status)])) as Failures<Given>
}

/** The refusals of a route that reads: the statuses given, and those that any route has. */
export function reading<Given extends Status = never>(...given: Given[]) {
  return failures<Any | Given>(...ANY, ...given)
}

/** The refusals of a route that changes something. */
export function changing<Given extends Status = never>(...given: Given[]) {
  return failures<Any | WithBody | Given>(...ANY, ...WITH_BODY, ...given)
}

/** An answer without a body. */
export const Done = Type.Null({ description: 'Done.' })

/** Which credentials a route takes, for the description alone: the route's hooks decide. */
export const OPEN_TO_ALL: Record<string, string[]>[] = []
export const FOR_SERVERS: Record<string, string[]>[] = [{ bearer: [] }]

export const RoomName = Type.String({ pattern: ROOM_NAME_PATTERN, examples: ['chat:lobby'] })
export const RoomParams = Type.Object({ room: RoomName })
export type RoomParams = Static<typeof RoomParams>

export const UserId = Type.String({ pattern: USER_ID_PATTERN, examples: ['u_5V1jVY0zcwLZjF8X'] })
const LIMIT = 100
const LIMIT_MAX = 1_000

/** How many entries a page may have. */
export const PageLimit = Type.String({
  pattern: '^[1-9][0-9]{0,8}$',
  description: `How many at most, ${LIMIT} if not said; above ${LIMIT_MAX} is ${LIMIT_MAX}.`,
  examples: ['100'],
})

export function limitOf(text: string | undefined): number {
  return text === undefined ? LIMIT : Math.min(Number(text), LIMIT_MAX)
}

/** Longer and stranger than a name may be: what a name may not have is left out of it. */
export const SenderName = Type.String({
  maxLength: 256,
  description: 'With a server key: how people call the sender.',
  examples: ['Carol'],
})
export const Milliseconds = Type.Integer({
  description: 'Milliseconds since 1970.',
  examples: [1_795_000_000_000],
})

export const Message = Type.Object({
  offset: Type.Integer(),
  time: Milliseconds,
  user: Type.Union([Type.String(), Type.Null()]),
  name: Type.Union([Type.String(), Type.Null()], { description: 'How people call the user.' }),
  kind: Type.Enum(['json', 'text', 'binary']),
  data: Type.Unknown({ description: 'The JSON value, the text, or base64 for bytes.' }),
  redacted: Type.Optional(Type.Literal(true)),
})
