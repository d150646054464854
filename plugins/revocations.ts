// What ends access on any node ends the connections of this one: the engine tells of it, and where
// it may not have, each session and user is looked up.
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { MissedRevocations } from '../src/connection/missed-revocations.ts'

const MISSED = 'revocations may have been missed: all sessions and users here are looked up'
const AWAY = 'who was revoked could not be looked up, and will be later'

async function revocations(app: FastifyInstance): Promise<void> {
  const { engine, connections, log } = app
  const missed = new MissedRevocations({
    ...{ connections, clock: app.usherContext.clock },
    ...{ sessions: engine.sessions, userStatus: engine.userStatus },
    onFailure: (err) => log.warn({ err }, AWAY),
  })
  const unfollow = engine.revocations.follow(
    (revocation) => connections.revoke(revocation),
    () => {
      log.warn(MISSED)
      missed.find()
    },
  )
  app.addHook('onClose', async () => {
    unfollow()
    missed.stop()
  })
}

export default fp(revocations, {
  name: 'usher-revocations',
  fastify: '5.x',
  dependencies: ['usher-rooms'],
})
