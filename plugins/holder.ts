// Which shares of the bounds a request counts for: those of its user, its address or its server key
// (S43).
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type Holder, holderOf } from '../src/engine/shares.ts'
import { addressKey, addressList } from '../src/identity/address.ts'
import type { Asker } from '../src/identity/ticket.ts'
import { kProved } from './auth.ts'
import { bearerIn, kServerKey } from './tokens/credential.ts'

const kNewcomer: unique symbol = Symbol('usher.newcomer')

declare module 'fastify' {
  interface FastifyRequest {
    [kNewcomer]: Holder | null
  }
  interface FastifyInstance {
    /** What limits count by: an IPv4 address, or an IPv6 network; null for an exempt address. */
    networkOf(request: FastifyRequest): string | null
    /**
     * Whom a request counts for before its identity is proved: its address. A server key shows at
     * once, and stands for itself.
     */
    newcomerOf(request: FastifyRequest): Holder
    /** Whom a request counts for, once its identity is known; a server key stands for itself. */
    holderOf(request: FastifyRequest): Holder
    /** Who asks for a ticket by a request, once its identity is known. */
    askerOf(request: FastifyRequest): Asker
  }
}

async function holders(app: FastifyInstance): Promise<void> {
  const { config, clock } = app.usherContext
  const isExempt = addressList(config.exemptAddresses)
  const networkOf = (request: FastifyRequest): string | null => {
    // A client that has gone away has no address any more.
    const ip: string | undefined = request.ip
    return isExempt(ip) ? null : addressKey(ip)
  }
  app.decorate('networkOf', networkOf)
  const newcomer = (request: FastifyRequest): Holder => {
    const token = bearerIn(request)
    const key = token === undefined ? null : app.authenticator.serverKey(token)
    request[kServerKey] = key
    return holderOf({ user: null, server: key?.name ?? null }, networkOf(request))
  }
  // Kept with the request: a key is looked up once, not again for each bound and its proof.
  app.decorateRequest(kNewcomer, null)
  app.decorateRequest(kServerKey, undefined)
  app.decorate('newcomerOf', (request: FastifyRequest) => {
    request[kNewcomer] ??= newcomer(request)
    return request[kNewcomer]
  })
  app.decorate('holderOf', (request: FastifyRequest) =>
    holderOf(app.identityOf(request), networkOf(request)),
  )
  app.decorate('askerOf', (request: FastifyRequest) => {
    const elapsed = clock.elapsed()
    const provedMsAgo = Math.ceil(elapsed - (request[kProved]?.since ?? elapsed))
    return { holder: app.holderOf(request), provedMsAgo }
  })
}

export default fp(holders, { name: 'usher-holder', fastify: '5.x', dependencies: ['usher-auth'] })
