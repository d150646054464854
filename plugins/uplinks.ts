// app.sendUp: commands of clients that have no WebSocket come in requests of their own, to any
// node, and go to the connection that they are for.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { UplinkSessions } from '../src/connection/uplink-sessions.ts'
import type { LogIn } from '../src/engine/uplinks.ts'
import { digest } from '../src/identity/secret.ts'
import { REPLY, Refusal, type ReplyCode } from '../src/protocol/errors.ts'
import { commandBytesOf, type LimitName } from '../src/protocol/limits.ts'
import { type EmulationRequest, readEmulation } from '../src/wire/centrifugal/emulation.ts'
import type { InboundFrame } from '../src/wire/wire-format.ts'
import { logInOf } from './tokens/credential.ts'
import { pageOf } from './tokens/page-origin.ts'

declare module 'fastify' {
  interface FastifyInstance {
    uplinkSessions: UplinkSessions
    /**
     * Takes what a request brings: a session, and commands for it. Rejects with the Refusal to
     * answer with, also where the session is unknown, or not for requests like this one.
     */
    sendUp(request: FastifyRequest, frame: InboundFrame): Promise<void>
  }
}

/** Both are from the client: what is no id reaches no engine. */
const NODE = /^[0-9A-Za-z]{8,32}$/
const SESSION = /^[\w-]{22}$/

/** The log-in that counts for this request; from a page elsewhere none does (S2). */
async function provedLogIn(request: FastifyRequest): Promise<LogIn | null> {
  const { logIns, prove } = request.server
  const credential = logInOf(request, logIns)
  if (credential === null) return null
  try {
    const { user, session } = (await prove(request, credential)).identity
    return user === null ? null : { user, session }
  } catch (error) {
    const isOfClient = error instanceof Refusal && error.reply.status < 500
    if (isOfClient) return null
    throw error
  }
}

function refuse(reply: ReplyCode, sentence: string, limit?: LimitName): never {
  throw new Refusal(reply, sentence, undefined, limit)
}

async function uplinks(app: FastifyInstance): Promise<void> {
  const { engine } = app
  const { config, random } = app.usherContext
  const bytesMax = commandBytesOf(config.limits)
  const sessions = new UplinkSessions(random)
  app.decorate('uplinkSessions', sessions)

  async function isTaken(request: FastifyRequest, sent: EmulationRequest, binary: boolean) {
    const { node, session, data: payload } = sent
    if (!NODE.test(node) || !SESSION.test(session)) return false
    const from = { page: pageOf(request), logIn: await provedLogIn(request) }
    return engine.uplinks.send(node, { session: digest(session), payload, binary, ...from })
  }
  app.decorate('sendUp', async (request: FastifyRequest, frame: InboundFrame) => {
    const sent = readEmulation(frame)
    if (sent === null) refuse(REPLY.badRequest, 'Send {node, session, data}.')
    if (sent.data.length > bytesMax) refuse(REPLY.tooLarge, TOO_LARGE, 'commandBytes')
    if (!(await isTaken(request, sent, frame.binary))) refuse(REPLY.notFound, NO_SESSION)
  })
  const unfollow = await engine.uplinks.follow(sessions.take)
  app.addHook('onClose', async () => unfollow())
}

const TOO_LARGE = 'Too many bytes of commands at once: send them one by one.'
const NO_SESSION = 'There is no such session: connect again.'

export default fp(uplinks, {
  name: 'usher-uplinks',
  fastify: '5.x',
  dependencies: ['usher-auth', 'usher-rooms'],
})
