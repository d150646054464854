// The refusal that any error is answered with. What an error says that was not written for clients
// goes to the log alone (S38, S52).
import type { FastifyError } from 'fastify'
import { EngineUnavailable } from '../../src/engine/engine.ts'
import { REPLY, Refusal, type ReplyCode } from '../../src/protocol/errors.ts'

/** By the status of an error of Fastify, a plugin or an application: what a client is told. */
const NOT_FOUND = [REPLY.notFound, 'There is nothing at this path.'] as const
const BY_STATUS: Readonly<Record<number, readonly [ReplyCode, string]>> = {
  401: [REPLY.unauthorized, 'Log in, or send a token.'],
  403: [REPLY.forbidden, 'You may not do that here.'],
  404: NOT_FOUND,
  405: [REPLY.methodNotAllowed, 'This path does not take this method.'],
  413: [REPLY.tooLarge, 'The request is too large.'],
  415: [REPLY.unsupportedMediaType, 'This Content-Type is not taken here: see docs/protocol.md.'],
  429: [REPLY.tooManyRequests, 'Too many requests: wait a second and try again.'],
  503: [REPLY.unavailable, 'This cannot be done now: try again in a second.'],
}

const OTHER_4XX = [REPLY.badRequest, 'The request does not have the form that we take.'] as const

/** More exact sentences for errors of Fastify's own. */
const SENTENCES: Readonly<Record<string, string>> = {
  FST_ERR_BAD_URL: 'The path is not a valid URL.',
  FST_ERR_MAX_PARAM_LENGTH: 'A name in the path is too long.',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'The body is empty: send JSON.',
  FST_ERR_CTP_INVALID_JSON_BODY: 'The body is not JSON.',
}

/**
 * Two kinds of messages are written for clients: those of the schemas of Usher's routes, and those
 * that an application marks with `expose`, as http-errors and @fastify/sensible do.
 */
interface ForeignError extends FastifyError {
  expose?: unknown
}

/** The refusal to answer an error with; an unforeseen error is a 500 without details. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof EngineUnavailable) return error.refusal
  return isObject(error) ? foreign(error as ForeignError) : unforeseen()
}

function foreign({ statusCode = 500, code, message, validation, expose }: ForeignError): Refusal {
  const isForeseen = (statusCode >= 400 && statusCode < 500) || statusCode === 503
  if (!isForeseen) return unforeseen()
  const [reply, sentence] = BY_STATUS[statusCode] ?? OTHER_4XX
  const isForClients = validation !== undefined || (expose === true && statusCode < 500)
  return new Refusal(reply, isForClients ? message : (SENTENCES[code] ?? sentence))
}

export function notFound(): Refusal {
  return new Refusal(...NOT_FOUND)
}

/** For a fault of the server, whose details stand in its log. */
export function unforeseen(): Refusal {
  return new Refusal(REPLY.internal, 'Something went wrong here: try again, or ask the operator.')
}

/** What a refusal looks like over HTTP [C1]. */
export function bodyOf({ reply: { error, code }, message }: Refusal): string {
  return JSON.stringify({ error, code, message })
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
