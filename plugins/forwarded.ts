// app.schemeOf, app.hostOf: how a request came and which host it asked, as its socket and `Host`
// show it, or as a trusted proxy says (S4). Fastify's own `request.protocol` is the last word as it
// stands, and Traefik writes `wss` for handshakes.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

type Scheme = 'https' | 'http'

declare module 'fastify' {
  interface FastifyInstance {
    /** What is not understood is plain `http`, which production refuses. */
    schemeOf(request: FastifyRequest): Scheme
    /** The host, with its port, that the client asked. */
    hostOf(request: FastifyRequest): string
  }
}

/** What proxies write, in lower case. */
const SCHEMES: Readonly<Record<string, Scheme>> = {
  ...{ https: 'https', wss: 'https' },
  ...{ http: 'http', ws: 'http' },
}

function schemeOf(request: FastifyRequest): Scheme {
  const said = wordOfOutermost(request, 'x-forwarded-proto', request.protocol)
  return SCHEMES[said.toLowerCase()] ?? 'http'
}

function hostOf(request: FastifyRequest): string {
  return wordOfOutermost(request, 'x-forwarded-host', request.host)
}

/**
 * Of a list, the element that the outermost trusted proxy wrote: each proxy adds one at the right,
 * and `request.ips` has their addresses and the client's. Where some of them replace the list
 * instead, it is shorter, and the leftmost element is the nearest. `byFastify` is the last element,
 * or, where the peer is no trusted proxy, what the request itself shows.
 */
function wordOfOutermost(request: FastifyRequest, header: string, byFastify: string): string {
  const said = request.headers[header]
  // The usual one, which costs no look at the addresses.
  if (typeof said !== 'string' || !said.includes(',')) return byFastify
  const proxies = (request.ips?.length ?? 1) - 1
  if (proxies < 1) return byFastify
  const words = said.split(',').map((word) => word.trim())
  const list = words.filter((word) => word !== '')
  return list.at(-proxies) ?? list[0] ?? byFastify
}

async function forwarded(app: FastifyInstance): Promise<void> {
  app.decorate('schemeOf', schemeOf)
  app.decorate('hostOf', hostOf)
}

export default fp(forwarded, { name: 'usher-forwarded', fastify: '5.x' })
