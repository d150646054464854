// The upgrade plugin: what it depends on, what it sets, and that its close ends every connection.
import type { IncomingMessage } from 'node:http'
import Fastify from 'fastify'
import { test } from 'tap'
import { setEndpoint } from '../../plugins/transports/subprotocols.ts'
import websocket, { websocketOptions } from '../../plugins/websocket.ts'
import { startApp } from '../support/app.ts'
import { connect } from '../support/client.ts'
import { asServer } from '../support/people.ts'
import { limited } from '../support/settings.ts'

test('it does not start without the plugin of rooms', async (t) => {
  const app = Fastify()
  await t.rejects(async () => app.register(websocket), /usher-rooms/)
})

test('[S27] [S28] bounds and no compression are set where ws reads them', async (t) => {
  const { app } = await startApp(t, limited({ messageBytes: 200_000 }))
  t.match(app.websocketServer.options, {
    noServer: true,
    maxPayload: 265_536,
    maxFragments: 196,
    closeTimeout: 1_000,
    clientTracking: false,
    perMessageDeflate: false,
    skipUTF8Validation: false,
  })
})

const FRAGMENTS: [messageBytes: number, most: number][] = [
  [1, 128],
  [65_536, 128],
  [131_073, 129],
  [1_048_576, 1_024],
  [16_777_216, 16_384],
]

test('[C180] fragments of 1,024 bytes are never too many, and there may be 128', async (t) => {
  for (const [messageBytes, most] of FRAGMENTS) {
    t.equal(websocketOptions({ messageBytes }).maxFragments, most, String(messageBytes))
  }
  t.equal(websocketOptions().maxFragments, 128)
})

test('[S27] a frame may have commandBytes, and always 65,536 more than a message', async (t) => {
  t.equal(websocketOptions().maxPayload, 262_144)
  t.equal(websocketOptions({ messageBytes: 196_609 }).maxPayload, 262_145)
  t.equal(websocketOptions({ commandBytes: 500_000 }).maxPayload, 500_000)
  t.equal(websocketOptions({ commandBytes: 1 }).maxPayload, 131_072)
  t.equal(websocketOptions({ commandBytes: 1_048_576 }).maxFragments, 512, 'of 2,048 bytes')
})

test('[S8] only names of our own are chosen, and never just the first offer', async (t) => {
  const { app } = await startApp(t)
  const { handleProtocols } = app.websocketServer.options
  const request = {} as IncomingMessage
  const choose = (...offered: string[]) => handleProtocols?.(new Set(offered), request)
  t.equal(choose('usher.raw'), false, 'a handshake of no endpoint of ours')
  setEndpoint(request, 'rooms')
  t.equal(choose('usher.ticket.ut_x', 'usher.raw'), 'usher.raw')
  t.equal(choose('usher.raw', 'usher.ticket.ut_x'), 'usher.raw')
  t.equal(choose('usher.ticket.ut_x'), false)
  t.equal(choose('USHER.RAW'), false)
})

test('closing the app closes the connections, and the ws server', async (t) => {
  const { app, url } = await startApp(t)
  const client = await connect(`${url}/rooms/chat:a`, { headers: asServer })
  const [closing] = await Promise.all([client.closed, app.close()])
  t.same(closing, { code: 3001, reason: 'shutdown' })
  t.equal(app.connections.size, 0)
  t.equal(app.server.listening, false)
})
