// The page in public/, for people who try Usher.
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import files from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { SharedWork } from '../src/engine/shared-work.ts'

const FOLDER = join(import.meta.dirname, '..', 'public')
const FILES_AT_ONCE = 8

/** The page names its files by relative paths: under a prefix they need the slash at its end. */
function slashAfter(prefix: string) {
  return async ({ url }: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const [path = '', ...query] = url.split('?')
    if (path === prefix) await reply.redirect([`${prefix}/`, ...query].join('?'))
  }
}

const kRead: unique symbol = Symbol('usher.file-read')

declare module 'fastify' {
  interface FastifyRequest {
    /** Ends the turn of the request at the files; null while it has none. */
    [kRead]: (() => void) | null
  }
}

/**
 * A few requests at a time have a file open, and only for as long as it is read: a client that does
 * not read its answer keeps none open (S42).
 */
function readInTurn(app: FastifyInstance): void {
  const files = new SharedWork(app.engine.shares, 'files', FILES_AT_ONCE)
  app.decorateRequest(kRead, null)
  app.addHook('preHandler', (request, reply, done) => {
    const holder = { user: null, address: app.networkOf(request), server: null }
    const read = () =>
      new Promise<void>((resolve) => {
        request[kRead] = resolve
        // The hook below is not called where the application answers instead.
        reply.raw.once('close', resolve)
        done()
      })
    files.run(holder, read).catch(done)
  })
  app.addHook('onSend', async (request, _reply, payload) => {
    try {
      return payload instanceof Readable ? await buffer(payload) : payload
    } finally {
      request[kRead]?.()
    }
  })
}

async function page(app: FastifyInstance): Promise<void> {
  await app.register(async (scope) => {
    if (scope.prefix !== '') scope.addHook('onRequest', slashAfter(scope.prefix))
    readInTurn(scope)
    await scope.register(files, {
      root: FOLDER,
      index: 'index.html',
      // One route for each file: a wildcard would also match unknown paths and upgrades.
      wildcard: false,
      decorateReply: !scope.hasReplyDecorator('sendFile'),
      cacheControl: false,
      // Browsers ask again each time, by ETag: a deploy must not leave one with half the old page.
      setHeaders: (reply) => void reply.header('cache-control', 'no-cache'),
      // READMEs and types are for readers of the sources.
      allowedPath: (path) => !/\.(md|d\.ts)$/.test(path),
    })
  })
}

export default fp(page, {
  name: 'usher-web-page',
  fastify: '5.x',
  dependencies: ['usher-security-headers'],
})
