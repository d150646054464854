// The pages at /docs that explain the API: @fastify/swagger-ui makes each one once, in an
// application that never listens; then it is answered from memory (S42).
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import swaggerUi from '@fastify/swagger-ui'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { namesTag } from '../src/protocol/entity-tag.ts'
import { REPLY, Refusal } from '../src/protocol/errors.ts'
import { pathOf } from './logging/shapes.ts'

/** The page loads its own files and no others; its script sets styles on elements. */
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
  "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
  "frame-ancestors 'none'"

const FILES = join(dirname(fileURLToPath(import.meta.resolve('@fastify/swagger-ui'))), 'static')

/** The files of the page; no other path below is asked for, since each answer is kept. */
const NAMES = new Set([
  'swagger-initializer.js',
  ...readdirSync(FILES).filter((name) => /\.(js|css|png|svg)$/.test(name)),
])

interface Page {
  readonly type: string
  readonly bytes: Buffer
  readonly tag: string
}

/** The application that makes the pages; its description is that of `app`. */
async function makerOf(app: FastifyInstance): Promise<FastifyInstance> {
  const maker = Fastify({ logger: false })
  const description = async (scope: FastifyInstance): Promise<void> => {
    scope.decorate('swagger', app.swagger)
  }
  await maker.register(fp(description, { name: '@fastify/swagger' }))
  await maker.register(swaggerUi, {
    routePrefix: '/docs',
    // Without a prefix the page would look for its files at the root of the application.
    indexPrefix: app.prefix,
    theme: { title: 'Usher' },
  })
  return maker as unknown as FastifyInstance
}

async function makePage(maker: Promise<FastifyInstance>, path: string): Promise<Page> {
  const { statusCode, headers, rawPayload: bytes } = await (await maker).inject(path)
  if (statusCode !== 200) throw new Error(`${path} cannot be made: ${statusCode}`)
  const tag = `"${createHash('sha256').update(bytes).digest('base64url')}"`
  return { type: String(headers['content-type']), bytes, tag }
}

async function apiPages(app: FastifyInstance): Promise<void> {
  const pages = new Map<string, Promise<Page>>()
  let maker: Promise<FastifyInstance> | null = null
  app.addHook('onClose', async () => void (await maker)?.close())

  const pageAt = (path: string): Promise<Page> => {
    maker ??= makerOf(app)
    const page = pages.get(path) ?? makePage(maker, path)
    pages.set(path, page)
    page.catch(() => pages.delete(path))
    return page
  }
  const answer = async (path: string, request: FastifyRequest, reply: FastifyReply) => {
    const { type, bytes, tag } = await pageAt(`/docs${path}`)
    reply.header('etag', tag).header('cache-control', 'no-cache')
    if (namesTag(request.headers['if-none-match'], tag)) return reply.code(304).send()
    return reply.type(type).header('content-security-policy', CSP).send(bytes)
  }
  await app.register(async (scope) => pageRoutes(scope, answer), { prefix: '/docs' })
}

type Answer = (path: string, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>

function pageRoutes(app: FastifyInstance, answer: Answer): void {
  const options = { schema: { hide: true } }
  // The page names its files by relative paths, which depend on the slash at its end.
  app.get('/', options, (request, reply) =>
    answer(pathOf(request.url).endsWith('/') ? '/' : '', request, reply),
  )
  for (const path of ['/json', '/yaml']) {
    app.get(path, options, (request, reply) => answer(path, request, reply))
  }
  app.get<{ Params: { file: string } }>('/static/:file', options, (request, reply) => {
    const { file } = request.params
    if (!NAMES.has(file)) throw new Refusal(REPLY.notFound, 'There is nothing at this path.')
    return answer(`/static/${file}`, request, reply)
  })
}

export default fp(apiPages, {
  name: 'usher-api-pages',
  fastify: '5.x',
  dependencies: ['@fastify/swagger', 'usher-security-headers'],
})
