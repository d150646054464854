// POST /tickets: a one-time right to open a connection, for oneself or, with a server key, for a
// user whom another application has checked.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import { TICKET } from '../src/protocol/limits.ts'
import { changing, Milliseconds, RoomName, strict, UserId } from './schemas.ts'

const Seconds = (maximum: number) => Type.Integer({ minimum: TICKET.secondsMin, maximum })

const TicketBody = Type.Object(
  {
    rooms: Type.Optional(Type.Array(RoomName, { minItems: 1, maxItems: TICKET.roomsMax })),
    ttl: Type.Optional(Seconds(TICKET.secondsMax)),
    user: Type.Optional(UserId),
    info: Type.Optional(Type.Record(Type.String({ maxLength: 64 }), Type.Unknown())),
    connectionTtl: Type.Optional(Seconds(TICKET.connectionSecondsMax)),
  },
  {
    ...strict,
    description: 'The last three with a server key, which must name the user. Times in seconds.',
    examples: [
      { rooms: ['chat:lobby'], ttl: 10 },
      { user: 'acme:42', info: { name: 'Carol' }, connectionTtl: 3_600 },
    ],
  },
)

const Ticket = Type.Object(
  { ticket: Type.String(), expiresAt: Milliseconds, url: Type.String() },
  {
    description: 'The ticket, and where it opens a connection.',
    examples: [
      {
        ticket: 'ut_…',
        expiresAt: 1_795_000_000_000,
        url: 'wss://chat.example.com/rooms/chat:lobby?ticket=ut_…',
      },
    ],
  },
)

const schema = {
  summary: 'A one-time right to open a connection',
  description: 'For oneself, or with a server key for a user of the application that holds it.',
  tags: ['tickets'],
  body: TicketBody,
  response: { 201: Ticket, ...changing(401, 429) },
}

export const ticketRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { config } = app.usherContext
  /** A request without a body asks for a ticket that is not narrowed. */
  const preValidation = async (request: FastifyRequest): Promise<void> => {
    request.body ??= {}
  }
  const options = { schema, onRequest: app.authenticate, preValidation }
  app.post('/tickets', options, async (request, reply) => {
    const { body } = request
    const base = baseOf(request, config.publicUrl) + app.prefix
    const { ticket, expiresAt } = await app.tickets.issueTo(
      app.identityOf(request),
      body,
      app.askerOf(request),
    )
    const url = urlOf(base, body.rooms ?? [], ticket)
    reply.header('cache-control', 'no-store')
    return reply.code(201).send({ ticket, expiresAt, url })
  })
}

function baseOf(request: FastifyRequest, publicUrl: URL | null): string {
  const address = publicUrl?.href ?? addressAsked(request)
  return new URL(address).href.replace(/^http/, 'ws').replace(/\/$/, '')
}

/** The address that the client asked, as the request or a trusted proxy says. */
function addressAsked(request: FastifyRequest): string {
  const { server: app } = request
  const host = app.hostOf(request)
  const address = `${app.schemeOf(request)}://${host}`
  if (/^[\w.:[\]-]+$/.test(host) && URL.canParse(address)) return address
  throw new Refusal(REPLY.badRequest, 'The Host header is not an address.')
}

/** The URL to connect to. The client fills in `{room}`, unless the ticket names just one room. */
function urlOf(base: string, rooms: readonly string[], ticket: string): string {
  const [only] = rooms
  // No other character of a name means something else in a path.
  const room = rooms.length === 1 && only !== undefined ? only.replaceAll('%', '%25') : '{room}'
  return `${base}/rooms/${room}?ticket=${ticket}`
}
