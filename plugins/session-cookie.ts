// app.sessionCookie: the cookie of a browser's session; app.logIns: how users log in.
import cookie from '@fastify/cookie'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { cookieName, type LogIns } from './tokens/credential.ts'
import { checkCookieLogin } from './tokens/page-origin.ts'

interface SessionCookie {
  /** The secret in the request's cookie, if there is one. */
  read(request: FastifyRequest): string | undefined
  /** For a log-in that is answered with a cookie: 403 where there can be none. */
  checkLogin(request: FastifyRequest): void
  /** Gives this reply's browser its session. `expiresAt` is in milliseconds since 1970. */
  set(reply: FastifyReply, secret: string, expiresAt: number): void
  clear(reply: FastifyReply): void
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
    app.parseCookie(request.headers.cookie ?? '')[cookieName(mustBeSecure(request))]
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
    clear: (reply) => send(reply, '', new Date(0)),
  })
  app.decorate('logIns', { cookie: read, identity })
}

export default fp(sessionCookie, {
  name: 'usher-session-cookie',
  fastify: '5.x',
  dependencies: ['usher-context', 'usher-forwarded'],
})
