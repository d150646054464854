// The cookie that is a browser's session: read from requests, set and cleared on replies.
import cookie from '@fastify/cookie'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { cookieName, type LogIns } from './tokens/credential.ts'

declare module 'fastify' {
  interface FastifyInstance {
    logIns: LogIns
  }
  interface FastifyReply {
    /** Gives this request's browser its session. */
    setSessionCookie(secret: string, expiresAt: number): void
    clearSessionCookie(): void
  }
}

/** S10: no page can read it, no other site sends it along, no other host gets it. */
const COOKIE = { path: '/', httpOnly: true, sameSite: 'lax' } as const

async function sessionCookie(app: FastifyInstance): Promise<void> {
  const { identity, config } = app.usherContext
  if (!app.hasPlugin('@fastify/cookie')) await app.register(cookie)

  /** In production the cookie is only for TLS, also where a proxy ends it. */
  const mustBeSecure = ({ protocol }: FastifyRequest) => config.production || protocol === 'https'
  /** Not request.cookies: an application decides when its own plugin reads them. */
  const read = (request: FastifyRequest) =>
    app.parseCookie(request.headers.cookie ?? '')[cookieName(mustBeSecure(request))]
  /** Not reply.setCookie: an application may have set what all its own cookies are like. */
  const send = (reply: FastifyReply, value: string, expires: Date): void => {
    const secure = mustBeSecure(reply.request)
    const options = { ...COOKIE, secure, expires }
    reply.header('set-cookie', app.serializeCookie(cookieName(secure), value, options))
  }

  app.decorate('logIns', { cookie: read, identity })
  app.decorateReply('setSessionCookie', function (secret, expiresAt) {
    send(this, secret, new Date(expiresAt))
  })
  app.decorateReply('clearSessionCookie', function () {
    send(this, '', new Date(0))
  })
}

export default fp(sessionCookie, {
  name: 'usher-session-cookie',
  fastify: '5.x',
  dependencies: ['usher-context'],
})
