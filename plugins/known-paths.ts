// Methods that a path does not take are answered with 405 and `Allow` [C110], whichever methods
// Node reads: Fastify takes a known path with another method for an unknown path. Where the
// application answers unknown paths, it answers these too.
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import { notFound } from './answers/refusal-of.ts'
import { sendRefusal } from './errors.ts'
import { pathOf } from './logging/shapes.ts'

/** The methods of the routes whose path has this form. */
interface KnownPath {
  readonly form: RegExp
  readonly methods: Set<string>
}

class KnownPaths {
  readonly #byUrl = new Map<string, KnownPath>()

  /** A path that ends in `*` stands for files, or for all that have no route. */
  add({ url, method }: RouteOptions): void {
    if (url.includes('*')) return
    const known = this.#byUrl.get(url) ?? { form: formOf(url), methods: new Set() }
    this.#byUrl.set(url, known)
    for (const each of [method].flat()) known.methods.add(each)
  }

  /** The methods that a path takes; none for a path that is not known. */
  methodsAt(path: string): readonly string[] {
    const found = [...this.#byUrl.values()].filter(({ form }) => form.test(path))
    return [...new Set(found.flatMap(({ methods }) => [...methods]))].sort()
  }
}

function formOf(url: string): RegExp {
  const escaped = url.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
  const parts = escaped.split('/').map((part) => (part.startsWith(':') ? '[^/]+' : part))
  return new RegExp(`^${parts.join('/')}$`)
}

async function knownPaths(app: FastifyInstance): Promise<void> {
  const paths = new KnownPaths()
  app.addHook('onRoute', (route) => paths.add(route))
  const refusalOf = ({ raw, url }: FastifyRequest, reply: FastifyReply): Refusal => {
    const methods = paths.methodsAt(pathOf(url))
    // A route may say itself that there is nothing: @fastify/static does, of files it hides.
    if (methods.length === 0 || methods.includes(raw.method ?? '')) return notFound()
    reply.header('allow', methods.join(', '))
    const sentence = `This path does not take ${raw.method}: see Allow.`
    return new Refusal(REPLY.methodNotAllowed, sentence)
  }
  // Before the body is read: it would be refused for its type, though no route takes it.
  app.addHook('onRequest', (request, reply, done) => {
    if (request.is404 && !request.ws) throw refusalOf(request, reply)
    done()
  })
  app.setNotFoundHandler((request, reply) => sendRefusal(reply, refusalOf(request, reply)))
}

export default fp(knownPaths, {
  name: 'usher-known-paths',
  fastify: '5.x',
  dependencies: ['usher-errors', 'usher-handshake-checks'],
})
