// All servers that listen for an application. `listen({ host: 'localhost' })` opens one of its own
// for the second address, of which Fastify tells nothing: it is known by the listener for requests
// that both have.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Server } from 'node:http'
import type { FastifyInstance } from 'fastify'

/** The channel on which Node announces every server of the process before it listens. */
const LISTENING = 'tracing:net.server.listen:asyncStart'

/** Calls `prepare` for each server of the application before it listens, once. */
export function onEveryServer(app: FastifyInstance, prepare: (server: Server) => void): void {
  const [answer] = app.server.listeners('request')
  const onListening = (message: unknown): void => {
    const { server } = message as { server: Server }
    const isOurs = answer !== undefined && server.listeners('request').includes(answer)
    if (isOurs && server !== app.server) prepare(server)
  }
  prepare(app.server)
  subscribe(LISTENING, onListening)
  app.addHook('onClose', async () => void unsubscribe(LISTENING, onListening))
}
