// An application with its own log-in, cookie, pages and errors, and Usher in it under /rt.
import { randomBytes } from 'node:crypto'
import cookie from '@fastify/cookie'
import files from '@fastify/static'
import Fastify, { type FastifyError } from 'fastify'
import { usher } from 'fastify-usher'
import { boardRoutes } from './board.ts'
import { logInRoutes, sessionOf, teamOf } from './log-in.ts'

const app = Fastify({ logger: true })

await app.register(cookie, {
  secret: process.env.COOKIE_SECRET ?? randomBytes(32).toString('hex'),
})
await app.register(files, { root: import.meta.dirname, serve: false })

app.setErrorHandler((error: FastifyError, request, reply) => {
  const { statusCode = 500 } = error
  if (statusCode >= 500) request.log.error(error)
  return reply.code(statusCode).send({ problem: statusCode < 500 ? error.message : 'Sorry.' })
})

await app.register(usher, {
  prefix: '/rt',
  // The application's own session gives the user, also when a WebSocket opens.
  identity(request) {
    const session = sessionOf(request)
    return session && { user: session.user, session: session.id }
  },
  // A team may follow its board; messages come from POST /notices alone.
  authorize: ({ user }, action, room) =>
    user !== null && action === 'join' && room === `board:${teamOf(user)}`,
})

await app.register(logInRoutes)
await app.register(boardRoutes)
app.get('/', (_request, reply) => reply.sendFile('page.html'))

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => app.close())
await app.listen({ port: Number(process.env.PORT ?? 3000) })
