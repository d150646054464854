// app.audit: the audit log, as lines of the log that carry a field `audit` (S36).
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Audit, type AuditEvent, type AuditFacts } from '../src/identity/audit.ts'
import { kIdentity } from './auth.ts'
import { addressIn, LOG_SHAPES, pathOf } from './logging/shapes.ts'

declare module 'fastify' {
  interface FastifyInstance {
    audit: Audit
    /** Writes a line about something that a request did. */
    auditRequest(audit: AuditEvent, request: FastifyRequest, facts: AuditFacts): void
  }
  interface FastifyContextConfig {
    /**
     * Set for routes that back ends use all the time: their requests have no audit line of their
     * own.
     */
    everyday?: boolean
  }
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])
/** Lines of addresses without limits are counted together. */
export const EXEMPT = 'exempt'

/** Where a request comes from: the address, and the page if a browser names one. */
export type Source = Readonly<Record<'ip' | 'origin', string | null>>

export function sourceOf({ ip, headers }: FastifyRequest): Source {
  return { ip: addressIn(ip), origin: LOG_SHAPES.origin(headers.origin) ?? null }
}

function factsOf(request: FastifyRequest): AuditFacts {
  const { user = null, server = null } = request[kIdentity] ?? {}
  const { method } = request
  return { ...sourceOf(request), user, server, method, path: pathOf(request.url) }
}

/** Writes a line for a request that was refused for its credential, its rights or a limit. */
export function auditRefusal(error: unknown, request: FastifyRequest): void {
  const { audit, networkOf, wantsStream } = request.server
  audit.refused(error, networkOf(request) ?? EXEMPT, factsOf(request), wantsStream(request))
}

/** Runs before the answer goes out, so that a client that leaves early is in the log too. */
function onSend(request: FastifyRequest, reply: FastifyReply, _: unknown, done: () => void): void {
  const changes = !SAFE_METHODS.has(request.method) && !request.routeOptions.config.everyday
  if (changes && request[kIdentity]?.server) {
    request.server.auditRequest('administered', request, { status: reply.statusCode })
  }
  done()
}

async function audit(app: FastifyInstance): Promise<void> {
  const { clock } = app.usherContext
  const log = new Audit({
    clock,
    write: (level, line, sentence) => app.log[level](line, sentence),
    leftOut: () => app.metrics.leftOut('audit'),
  })
  app.decorate('audit', log)
  app.decorate('auditRequest', (audit: AuditEvent, request: FastifyRequest, facts: AuditFacts) =>
    log.tell(audit, { ...factsOf(request), ...facts }),
  )
  app.addHook('onSend', onSend)
  const unfollow = app.engine.revocations.follow((revocation) => log.tell('revoked', revocation))
  app.addHook('onClose', async () => {
    unfollow()
    log.close()
  })
}

export default fp(audit, { name: 'usher-audit', fastify: '5.x', dependencies: ['usher-rooms'] })
