// How many TCP connections one address may have that carry no WebSocket and no event stream, on a
// server that has only Usher: those of an application are its own to count (S45).
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { NO_HOLDER, Reached } from '../src/engine/shares.ts'
import { addressKey, addressList } from '../src/identity/address.ts'
import { answerAndEnd } from './transports/raw-answer.ts'
import { onEveryServer } from './transports/servers.ts'
import { holdUntilClose } from './transports/socket-shares.ts'

/** Refused TCP connections that are answered at once; further ones end without an answer. */
const ANSWERED_MAX = 100

async function socketsPerAddress(app: FastifyInstance): Promise<void> {
  const { engine, metrics } = app
  const { exemptAddresses, trustProxy, tls } = app.usherContext.config
  // All clients come through the TCP connections of a proxy.
  const isUncounted = addressList([...exemptAddresses, ...trustProxy])

  let answered = 0
  const onAnswered = (): void => {
    answered -= 1
  }

  const onConnection = (tcp: Socket): void => {
    const { remoteAddress } = tcp
    if (remoteAddress === undefined || isUncounted(remoteAddress)) return
    const holder = { ...NO_HOLDER, address: addressKey(remoteAddress) }
    const share = engine.shares.take('sockets', holder)
    if (!(share instanceof Reached)) return holdUntilClose(tcp, share)
    metrics.limitHit(share.limit)
    if (tls !== null || answered === ANSWERED_MAX) return void tcp.destroy()
    answered += 1
    tcp.once('close', onAnswered)
    // What it has sent is not read, so that no request of it has an effect.
    tcp.pause()
    answerAndEnd(tcp, share.refusal)
  }
  onEveryServer(app, (server) => server.on('connection', onConnection))
}

export default fp(socketsPerAddress, {
  name: 'usher-sockets-per-address',
  fastify: '5.x',
  dependencies: ['usher-engine', 'usher-metrics'],
})
