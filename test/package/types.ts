// Code that the types of the package accept, and code that they refuse. `npm run types` compiles
// this against the sources, `npm run check:package` against the tarball in an empty project.
import Fastify, { type FastifyInstance } from 'fastify'
import sameUsher, {
  type Authorize,
  buildApp,
  type Config,
  ConfigError,
  EngineUnavailable,
  type Identity,
  loadConfig,
  type Published,
  Refusal,
  shouldUpgradeCallback,
  type UsherOptions,
  usher,
  websocketOptions,
} from 'fastify-usher'

const app = Fastify({ http: { shouldUpgradeCallback }, logger: true })
const options = {
  prefix: '/rt',
  data: ':memory:',
  rooms: [{ match: 'chat:*', join: ['user'], history: { messages: 10, age: '1d' }, echo: false }],
  limits: { messagesPerSecond: null, messageBytes: 1024 },
  serverKeys: [{ name: 'back-end', key: 'a-key-for-this-machine-alone', scopes: ['publish'] }],
  identity: async (request) => (request.ip === '' ? null : { user: 'ann', info: { team: 'red' } }),
  authorize: ({ user }, action, room) => action === 'join' && room === `user:${user}`,
} satisfies UsherOptions
await app.register(usher, options)
await app.register(usher)
await app.register(sameUsher, { prefix: '/rt' })

const published: Published = await app.usher.publish('chat:a', { any: ['json'] }, { key: 'once' })
const told: { room: string; time: number; offset?: number } = published
const { ticket }: { ticket: string } = await app.usher.issueTicket({ user: 'ann', rooms: ['a'] })
await app.usher.disconnect({ user: 'ann', room: 'chat:a' })
await app.usher.disconnect({ session: 's' })
app.get('/mine', { onRequest: app.usher.authenticate }, async ({ identity }) => identity?.user)

const config: Config = loadConfig()
const service: FastifyInstance = await buildApp(config)
const { maxPayload }: { maxPayload: number } = websocketOptions({ messageBytes: 65_536 })
const rule: Authorize = (identity: Identity) => identity.server !== null
const errors = [ConfigError, EngineUnavailable, Refusal].map(({ name }) => name)
export const right = { told, ticket, service, maxPayload, rule, errors }

// @ts-expect-error a port is what the application listens on, not what Usher does
app.register(usher, { port: 3000 })
// @ts-expect-error a prefix is text
app.register(usher, { prefix: 1 })
// @ts-expect-error there are no administrators, only user, ticket, server and anyone
app.register(usher, { rooms: [{ match: '*', join: ['admin'] }] })
// @ts-expect-error a rule is for rooms of a pattern
app.register(usher, { rooms: [{ echo: false }] })
// @ts-expect-error a limit is a number, or null
app.register(usher, { limits: { messageBytes: '64k' } })
// @ts-expect-error there is no such limit
app.register(usher, { limits: { messages: 1 } })
// @ts-expect-error a user has an id
app.register(usher, { identity: () => ({ name: 'ann' }) })
// @ts-expect-error the actions are to join and to publish
app.register(usher, { authorize: (_, action) => action === 'delete' })
// @ts-expect-error a third-party issuer has an issuer and an audience
app.register(usher, { jwt: { key: 'k', algorithm: 'HS256' } })
// @ts-expect-error there is no such scope
app.register(usher, { serverKeys: [{ name: 'a', key: 'k', scopes: ['all'] }] })
// @ts-expect-error a ticket is for a user
app.usher.issueTicket({ rooms: ['a'] })
// @ts-expect-error a disconnect names a session or a user
app.usher.disconnect({ room: 'a' })
// @ts-expect-error a configuration is frozen
config.port = 1
