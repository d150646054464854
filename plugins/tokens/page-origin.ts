// Whether the page that a request comes from may use the log-in that its browser sends by itself.
import type { FastifyRequest } from 'fastify'
import type { Config } from '../../src/config/config.ts'
import { type IsOurs, isShell, mayChange, mayRead, SAME_ORIGIN } from '../../src/identity/origin.ts'
import { REPLY, Refusal } from '../../src/protocol/errors.ts'

const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '[::1]']
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * For log-in and sign-up, which have no cookie yet: a page elsewhere may not do it (S12). A native
 * shell that is listed may. Throws 403.
 */
export function checkLoginPage(request: FastifyRequest, config: Config): void {
  const { origin } = request.headers
  if (origin !== undefined && isShell(origin) && config.origins.includes(origin)) return
  checkPage(request, config, mayRead)
}

/** For a log-in that is answered with a cookie. Throws 403 for a native shell. */
export function checkCookieLogin({ headers: { origin } }: FastifyRequest): void {
  if (origin === undefined || !isShell(origin)) return
  throw new Refusal(REPLY.forbidden, 'A native shell gets no cookie: log in with client: "app".')
}

/** For a cookie, and for the application's own log-in (S2, S12). Throws 403. */
export function checkCookiePage(request: FastifyRequest, config: Config): void {
  const reads = SAFE_METHODS.has(request.method) && !request.ws
  // A browser adds this header for a page elsewhere only with the page's Origin beside it.
  const isShown = request.headers.authorization !== undefined
  checkPage(request, config, reads || isShown ? mayRead : mayChange)
}

/**
 * Which page a request comes from: its origin, or `same-origin` where that is this server's; null
 * where the browser, or another client, names none.
 */
export function pageOf(request: FastifyRequest): string | null {
  const { origin, 'sec-fetch-site': site } = request.headers
  if (site === SAME_ORIGIN || origin === undefined) return site === SAME_ORIGIN ? site : null
  const { server: app } = request
  const asked = `${app.schemeOf(request)}://${app.hostOf(request)}`
  const { publicUrl } = app.usherContext.config
  return origin === asked || origin === publicUrl?.origin ? SAME_ORIGIN : origin
}

/** Whether a handshake comes from a page that may use the log-in which its browser sends. */
export function mayUseLogIn(request: FastifyRequest, config: Config): boolean {
  return isFromPage(request, config, mayChange)
}

function isFromPage(request: FastifyRequest, config: Config, may: typeof mayRead): boolean {
  const { origin, 'sec-fetch-site': site } = request.headers
  const provenance = { origin, site: Array.isArray(site) ? site[0] : site }
  return may(provenance, ownOrigins(request, config))
}

function checkPage(request: FastifyRequest, config: Config, may: typeof mayRead): void {
  if (isFromPage(request, config, may)) return
  const { origin } = request.headers
  const isListed = origin !== undefined && config.origins.includes(origin)
  throw new Refusal(REPLY.forbidden, isListed ? OF_A_SHELL : OF_A_PAGE)
}

const OF_A_PAGE =
  'The cookie is not taken from this page: name its origin in USHER_ORIGINS, or send a token.'
const OF_A_SHELL = 'The cookie is never taken from a native shell: send a token or a ticket.'

/** Own origins; in development, and without a public address, also those of this machine. */
function ownOrigins(request: FastifyRequest, config: Config): IsOurs {
  const { publicUrl, origins, production } = config
  const own = new Set(origins.filter((origin) => !isShell(origin)))
  if (publicUrl) own.add(publicUrl.origin)
  if (!publicUrl || !production) {
    const scheme = 'encrypted' in request.raw.socket ? 'https' : 'http'
    for (const host of LOOPBACK_HOSTS) own.add(`${scheme}://${host}:${request.socket.localPort}`)
  }
  return (origin) => own.has(origin)
}
