// The page in public/, for people who try Usher.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import files, { type FastifyStaticOptions } from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { SharedWork } from '../src/engine/shared-work.ts'
import { CompressedFiles } from './answers/compressed-files.ts'

const ROOT = join(import.meta.dirname, '..')
const FOLDER = join(ROOT, 'public')
const SDK = join(ROOT, 'node_modules', 'centrifuge', 'dist')
const FILES_AT_ONCE = 8

/** Pages name their files by relative paths, for which they need the slash at their end. */
function slashAfter(...pages: readonly string[]) {
  return async ({ url }: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const [path = '', ...query] = url.split('?')
    if (pages.includes(path)) await reply.redirect([`${path}/`, ...query].join('?'))
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
  const compressed = new CompressedFiles()
  app.addHook('onSend', async (request, reply, payload) => {
    try {
      if (!(payload instanceof Readable)) return payload
      return await compressed.answer(request, reply, await buffer(payload))
    } finally {
      request[kRead]?.()
    }
  })
}

async function page(app: FastifyInstance): Promise<void> {
  await app.register(async (scope) => {
    const plain = `${scope.prefix}/plain`
    scope.addHook('onRequest', slashAfter(...(scope.prefix && [scope.prefix]), plain))
    readInTurn(scope)
    const options: Omit<FastifyStaticOptions, 'root'> = {
      index: 'index.html',
      // One route for each file: a wildcard would also match unknown paths and upgrades.
      wildcard: false,
      cacheControl: false,
      // Browsers ask again each time, by ETag: a deploy must not leave one with half the old page.
      setHeaders: (reply) => void reply.header('cache-control', 'no-cache'),
      // READMEs and types are for readers of the sources.
      allowedPath: (path) => !/\.(md|d\.ts)$/.test(path),
    }
    const decorateReply = !scope.hasReplyDecorator('sendFile')
    await scope.register(files, { ...options, root: FOLDER, decorateReply })
    // Where the application minds slashes this is a path of its own, for the redirect alone.
    if (!scope.hasRoute({ method: 'GET', url: plain })) {
      scope.get('/plain', { schema: { hide: true } }, () => '')
    }
    // The package has a copy of it in its own folder.
    if (!existsSync(SDK)) return
    const sdk = { root: SDK, prefix: '/sdk/', globIgnore: ['**/!(centrifuge.js)'] }
    await scope.register(files, { ...options, ...sdk, decorateReply: false })
  })
}

export default fp(page, {
  name: 'usher-web-page',
  fastify: '5.x',
  dependencies: ['usher-security-headers'],
})
