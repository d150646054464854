// Which shares of the bounds a request counts for: those of its user, its address or its server key
// (S43).
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type Holder, holderOf } from '../src/engine/shares.ts'
import { addressKey, addressList } from '../src/identity/address.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** What limits count by: an IPv4 address, or an IPv6 network; null for an exempt address. */
    networkOf(request: FastifyRequest): string | null
    /** Whom a request counts for, once its identity is known; a server key stands for itself. */
    holderOf(request: FastifyRequest): Holder
  }
}

async function holders(app: FastifyInstance): Promise<void> {
  const isExempt = addressList(app.usherContext.config.exemptAddresses)
  const networkOf = (request: FastifyRequest): string | null => {
    // A client that has gone away has no address any more.
    const ip: string | undefined = request.ip
    return isExempt(ip) ? null : addressKey(ip)
  }
  app.decorate('networkOf', networkOf)
  app.decorate('holderOf', (request: FastifyRequest) =>
    holderOf(app.identityOf(request), networkOf(request)),
  )
}

export default fp(holders, { name: 'usher-holder', fastify: '5.x', dependencies: ['usher-auth'] })
