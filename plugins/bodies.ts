// How our doors read and write bodies, whatever the application that we live in has set for its
// own: Fastify hands all of that down to the scopes inside.
import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import type {
  FastifyInstance,
  FastifySchemaValidationError,
  FastifySerializerCompiler,
} from 'fastify'
import fp from 'fastify-plugin'

const JSON_BYTES_MAX = 1_048_576

function sentenceOf(errors: FastifySchemaValidationError[], part: string): Error {
  const sentences = errors.map(({ instancePath, message }) => `${part}${instancePath} ${message}`)
  return new Error(sentences.join(', '))
}

async function bodies(app: FastifyInstance): Promise<void> {
  app.setValidatorCompiler(TypeBoxValidatorCompiler)
  app.setSchemaErrorFormatter(sentenceOf)
  // The two differ in types alone: a route always says the status.
  app.setSerializerCompiler(SerializerSelector()({}, {}) as FastifySerializerCompiler<unknown>)
  // None of the application's: Fastify falls back to the line above.
  app.setReplySerializer(undefined as never)
  // Not text either: a form elsewhere could send JSON as text, without a preflight (S12).
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'string', bodyLimit: JSON_BYTES_MAX },
    app.getDefaultJsonParser('error', 'error'),
  )
}

export default fp(bodies, { name: 'usher-bodies', fastify: '5.x' })
