// The page in public/, for people who try Usher.
import { join } from 'node:path'
import files from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

const FOLDER = join(import.meta.dirname, '..', 'public')

/** The page names its files by relative paths: under a prefix they need the slash at its end. */
function slashAfter(prefix: string) {
  return async ({ url }: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const [path = '', ...query] = url.split('?')
    if (path === prefix) await reply.redirect([`${prefix}/`, ...query].join('?'))
  }
}

async function page(app: FastifyInstance): Promise<void> {
  await app.register(async (scope) => {
    if (scope.prefix !== '') scope.addHook('onRequest', slashAfter(scope.prefix))
    await scope.register(files, {
      root: FOLDER,
      index: 'index.html',
      // One route for each file: a wildcard would also match unknown paths and upgrades.
      wildcard: false,
      decorateReply: !scope.hasReplyDecorator('sendFile'),
      cacheControl: false,
      // Browsers ask again each time, by ETag: a deploy must not leave one with half the old page.
      setHeaders: (reply) => void reply.header('cache-control', 'no-cache'),
      // The folder's README is for readers of the sources.
      allowedPath: (path) => !path.endsWith('.md'),
    })
  })
}

export default fp(page, {
  name: 'usher-web-page',
  fastify: '5.x',
  dependencies: ['usher-security-headers'],
})
