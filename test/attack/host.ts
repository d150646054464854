// An application that embeds Usher, as a program of its own: at the root, with WebSockets and users
// of Usher's beside its own routes, or below a prefix, with users and permissions of its own.
import { readFileSync } from 'node:fs'
import websocket from '@fastify/websocket'
import Fastify, { type FastifyRequest } from 'fastify'
import { answerError } from '../../plugins/errors.ts'
import { onClientError, onFrameworkError } from '../../plugins/unrouted.ts'
import { type UsherOptions, usher, websocketOptions } from '../../src/index.ts'
import { REPLY } from '../../src/protocol/errors.ts'
import { addHostRoutes, authorize, identity } from './host-users.ts'

const { PORT, HOST = '127.0.0.1', USHER_DATA, USHER_CONFIG, HOST_PREFIX = '' } = process.env
const { USHER_SECRET = '', USHER_API_KEYS = ':', USHER_LOG_LEVEL: level = 'info' } = process.env
const hasOwnUsers = HOST_PREFIX !== ''

// Refusals of the form that Usher's own have, so that one reader serves for both.
const app = Fastify({
  logger: { level },
  routerOptions: { maxParamLength: 256 },
  http: { requireHostHeader: false },
  frameworkErrors: onFrameworkError,
  clientErrorHandler: onClientError,
})
app.setErrorHandler((error: Error, _request, reply) => answerError(error, reply))
const { error, code } = REPLY.notFound
app.setNotFoundHandler((_request: FastifyRequest, reply) =>
  reply.code(404).send({ error, code, message: 'The application has no such page.' }),
)
if (!hasOwnUsers) {
  await app.register(websocket, { options: websocketOptions() })
  app.get('/mine/echo', { websocket: true }, (socket) => {
    socket.on('message', (data) => socket.send(String(data)))
  })
}
app.get('/mine', async () => ({ mine: true }))
app.post('/mine', async ({ body }) => ({ mine: body }))

const [name = '', key = ''] = USHER_API_KEYS.split(':')
const options: UsherOptions = {
  prefix: HOST_PREFIX,
  ...(hasOwnUsers ? {} : { pages: true }),
  signup: 'open',
  secret: USHER_SECRET,
  serverKeys: [{ name, key }],
  drainSeconds: 1,
  ...(USHER_DATA ? { data: USHER_DATA } : {}),
  ...(USHER_CONFIG ? JSON.parse(readFileSync(USHER_CONFIG, 'utf8')) : {}),
}
await app.register(usher, hasOwnUsers ? { ...options, identity, authorize } : options)
if (hasOwnUsers) addHostRoutes(app)

process.once('SIGTERM', () => app.close())
await app.listen({ host: HOST, port: Number(PORT), backlog: 65_535 })
