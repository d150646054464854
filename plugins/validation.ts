// How Usher's routes read and write bodies, whatever the application has set for its own routes:
// Fastify hands all of that down to the scopes inside.
import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import type {
  FastifyInstance,
  FastifySchemaValidationError,
  FastifySerializerCompiler,
} from 'fastify'
import fp from 'fastify-plugin'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'

const JSON_BYTES_MAX = 1_048_576

function sentenceOf(errors: FastifySchemaValidationError[], part: string): Error {
  const sentences = errors.map(({ instancePath, message }) => `${part}${instancePath} ${message}`)
  return new Error(sentences.join(', '))
}

/**
 * Checks and converts nothing: values in a URL are text, and Usher's schemas take them as text. The
 * type provider's own compiler looks for things to convert, at twenty times the cost.
 */
function compileValidator({ schema }: { schema: unknown }) {
  const compiled = Compile(schema as TSchema)
  return (value: unknown) =>
    compiled.Check(value)
      ? { value }
      : { error: compiled.Errors(value) as unknown as FastifySchemaValidationError[] }
}

// The cast changes types alone: every route of Usher sets the status.
const compileSerializer = SerializerSelector()({}, {}) as FastifySerializerCompiler<unknown>

/**
 * Writes an answer of the application's own as it is: its hooks may answer for Usher's routes, and
 * change what these answer. Refusals of Usher's are texts already.
 */
function compileLenient(route: Parameters<FastifySerializerCompiler<unknown>>[0]) {
  if (/^[45]/.test(route.httpStatus ?? '')) return (answer: unknown) => JSON.stringify(answer)
  const serialize = compileSerializer(route)
  return (answer: unknown): string => {
    try {
      return serialize(answer)
    } catch {
      return JSON.stringify(answer)
    }
  }
}

async function validation(app: FastifyInstance): Promise<void> {
  app.setValidatorCompiler(compileValidator)
  app.setSchemaErrorFormatter(sentenceOf)
  app.setSerializerCompiler(compileLenient)
  // Removes the application's: Fastify then uses the compiler of the line above.
  app.setReplySerializer(undefined as never)
  // The parser for text goes too: a form elsewhere could send JSON as text, without a preflight
  // (S12).
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', app.jsonParser(JSON_BYTES_MAX))
}

export default fp(validation, {
  name: 'usher-validation',
  fastify: '5.x',
  dependencies: ['usher-body-parser'],
})
