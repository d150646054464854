// app.settleConnect: what a connection of many rooms shows before its connect command. Load is
// refused by HTTP; what is wrong for good is told after the 101, since SDKs try a status for ever.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Claim } from '../src/identity/authenticator.ts'
import { Refusal } from '../src/protocol/errors.ts'
import { kIdentity } from './auth.ts'
import { leaveUndecided, takeSeat } from './handshake-rate.ts'
import { credentialOfUpgrade } from './tokens/credential.ts'
import { mayUseLogIn } from './tokens/page-origin.ts'
import { beginHandshake } from './transports/handshake-under-way.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Takes a seat, undecided until the connect command, and proves what the request shows. */
    settleConnect(request: FastifyRequest, reply: FastifyReply): Promise<void>
  }
}

async function settleConnect(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const seat = takeSeat(request)
  const handshake = beginHandshake(request, reply, { seat, endpoint: 'connection' })
  try {
    if (handshake.abandoned) return
    leaveUndecided(request, seat)
    handshake.claim = await shownBy(request)
    if (handshake.abandoned || reply.sent) handshake.abandon()
  } catch (error) {
    handshake.abandon()
    throw error
  }
}

/** What the request proves, or why it is refused for good; null where it shows nothing. */
async function shownBy(request: FastifyRequest): Promise<Claim | Refusal | null> {
  const { prove, logIns, usherContext } = request.server
  try {
    const credential = credentialOfUpgrade(request, logIns, 'connection')
    if (credential === null || credential.kind === 'none') return null
    const isLogIn = credential.kind === 'cookie' || credential.kind === 'host'
    if (isLogIn && !mayUseLogIn(request, usherContext.config)) return null
    const claim = await prove(request, credential)
    request[kIdentity] = claim.identity
    return claim.identity.proof === 'none' ? null : claim
  } catch (error) {
    if (!(error instanceof Refusal) || error.reply.temporary) throw error
    return error
  }
}

async function connectHandshakes(app: FastifyInstance): Promise<void> {
  app.decorate('settleConnect', settleConnect)
}

export default fp(connectHandshakes, {
  name: 'usher-connect-handshake',
  fastify: '5.x',
  dependencies: ['usher-handshake'],
})
