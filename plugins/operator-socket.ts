// The socket in the data folder through which `usher user` reaches this process. What it asks goes
// the same ways as over HTTP, so live connections end.
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type OperatorSocket, openOperatorSocket } from '../src/command/operator-socket.ts'
import { Operator, operatorRequest } from '../src/identity/operator.ts'
import { refusalOf } from './answers/refusal-of.ts'

async function operatorSocket(app: FastifyInstance): Promise<void> {
  const { config, clock } = app.usherContext
  if (config.engine.kind !== 'sqlite') return
  const { folder } = config.engine
  const operator = new Operator(app.accounts, app.revokeAccess)

  async function answer(asked: unknown): Promise<object> {
    try {
      const request = operatorRequest(asked)
      const { operation, name } = request
      const { user, said } = await operator.run(request)
      app.audit.tell('operated', { operation, name, user })
      return { said }
    } catch (error) {
      const refusal = refusalOf(error)
      if (refusal.reply.status === 500) app.log.error({ err: error }, 'usher user has failed')
      return { error: refusal.message }
    }
  }

  let socket: OperatorSocket | null = null
  app.addHook('onReady', async () => {
    try {
      socket = await openOperatorSocket({ folder, clock, answer })
    } catch (error) {
      const { message } = error as Error
      app.log.warn(`\`usher user\` cannot reach this process: ${message}.`)
    }
  })
  app.addHook('onClose', async () => await socket?.close())
}

export default fp(operatorSocket, {
  name: 'usher-operator-socket',
  fastify: '5.x',
  dependencies: ['usher-audit', 'usher-identity'],
})
