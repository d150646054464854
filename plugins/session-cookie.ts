// app.sessionCookie: the cookie of a browser's session; app.logIns: how users log in.
import cookie from '@fastify/cookie'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { cookieName, type LogIns, secretsIn } from './tokens/credential.ts'
import { checkCookieLogin } from './tokens/page-origin.ts'

interface SessionCookie {
  /** The secrets in the request's cookies; the first that has a session decides [C164]. */
  read(request: FastifyRequest): readonly string[]
  /** For a log-in that is answered with a cookie: 403 where there can be none. */
  checkLogin(request: FastifyRequest): void
  /** Gives this reply's browser its session. `expiresAt` is in milliseconds since 1970. */
  set(reply: FastifyReply, secret: string, expiresAt: number): void
  /** Ends the session of each cookie that this browser has shown, and has it forget ours. */
  end(request: FastifyRequest, reply: FastifyReply): Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Not a decorator of replies, which would fail where the application has one of the same name.
     */
    sessionCookie: SessionCookie
    logIns: LogIns
  }
}

/** S10: no page can read the cookie, no other site sends it along, no other host gets it. */
const COOKIE = { path: '/', httpOnly: true, sameSite: 'lax' } as const

async function sessionCookie(app: FastifyInstance): Promise<void> {
  const { identity, config } = app.usherContext
  if (!app.hasPlugin('@fastify/cookie')) await app.register(cookie)

  /** In production the cookie is only for TLS, also where a proxy ends it. */
  const mustBeSecure = (request: FastifyRequest) =>
    config.production || app.schemeOf(request) === 'https'
  /** Not request.cookies: the application decides when its own plugin reads cookies. */
  const read = (request: FastifyRequest) =>
    secretsIn(request.headers.cookie, cookieName(mustBeSecure(request)))
  /** Not reply.setCookie: the application may have set defaults for its own cookies. */
  const send = (reply: FastifyReply, value: string, expires: Date): void => {
    const secure = mustBeSecure(reply.request)
    const options = { ...COOKIE, secure, expires }
    reply.header('set-cookie', app.serializeCookie(cookieName(secure), value, options))
  }

  app.decorate('sessionCookie', {
    read,
    checkLogin: checkCookieLogin,
    set: (reply, secret, expiresAt) => send(reply, secret, new Date(expiresAt)),
    async end(request, reply) {
      send(reply, '', new Date(0))
      await app.revokeAccess.logOutCookies(read(request))
    },
  })
  app.decorate('logIns', { cookie: read, identity })
}

export default fp(sessionCookie, {
  name: 'usher-session-cookie',
  fastify: '5.x',
  dependencies: ['usher-context', 'usher-forwarded', 'usher-identity'],
})
