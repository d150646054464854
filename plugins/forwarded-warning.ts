// A warning for operators, once: a peer that keeps sending `X-Forwarded-For` and is not trusted is
// most likely their proxy, all of whose clients then count as one address (S50).
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

/** A single request may be any client's attempt; this many of one peer are a proxy's. */
const REQUESTS_MIN = 20
/** More peers than this at a time are no proxies. */
const PEERS_MAX = 100

/** Whether the server goes by the header, which may name this very peer as the client. */
function isHeeded({ ips = [] }: FastifyRequest): boolean {
  return ips.length > 1
}

async function forwardedWarning(app: FastifyInstance): Promise<void> {
  const peers = new Map<string, number>()
  let isWarned = false
  /** The last one that was heeded: the addresses of each of its requests need no look. */
  let trusted: string | undefined
  const count = (peer: string): void => {
    if (peers.size >= PEERS_MAX) peers.clear()
    const requests = (peers.get(peer) ?? 0) + 1
    peers.set(peer, requests)
    if (requests < REQUESTS_MIN) return
    isWarned = true
    peers.clear()
    app.log.warn(
      `${peer} keeps sending X-Forwarded-For and is not trusted: if it is your proxy, all its ` +
        'clients count as one address until you name it in USHER_TRUST_PROXY (in an ' +
        "application: in Fastify's trustProxy).",
    )
  }
  const look = (request: FastifyRequest): void => {
    const peer = request.socket.remoteAddress ?? 'A Unix socket'
    if (peer === trusted) return
    if (isHeeded(request)) trusted = peer
    else count(peer)
  }
  app.addHook('onRequest', (request, _, done) => {
    if (!isWarned && request.headers['x-forwarded-for']) look(request)
    done()
  })
}

export default fp(forwardedWarning, { name: 'usher-forwarded-warning', fastify: '5.x' })
