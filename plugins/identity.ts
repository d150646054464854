// app.accounts, app.sessions and the other parts of identity, built on the engine's stores.
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { AccessTokens } from '../src/identity/access-token.ts'
import { Accounts } from '../src/identity/accounts.ts'
import { Authenticator } from '../src/identity/authenticator.ts'
import { RefreshTokens } from '../src/identity/refresh-tokens.ts'
import { RevokeAccess } from '../src/identity/revoke-access.ts'
import { deriveKeys } from '../src/identity/secret.ts'
import { ServerKeys } from '../src/identity/server-keys.ts'
import { Sessions } from '../src/identity/sessions.ts'
import { accessTokens } from './tokens/own-tokens.ts'
import { thirdPartyTokens } from './tokens/third-party-tokens.ts'

declare module 'fastify' {
  interface FastifyInstance {
    accounts: Accounts
    sessions: Sessions
    revokeAccess: RevokeAccess
    accessTokens: AccessTokens
    refreshTokens: RefreshTokens
    authenticator: Authenticator
  }
}

async function identity(app: FastifyInstance): Promise<void> {
  const { config, clock, random, breached } = app.usherContext
  const { engine, tickets } = app
  const tokens = await accessTokens(app, deriveKeys(config.secrets, 'access-token'))
  const sessions = new Sessions({ store: engine.sessions, clock, random })
  const revokeAccess = new RevokeAccess(engine, clock)
  const parts = {
    sessions,
    tickets,
    tokens,
    keys: new ServerKeys(config.serverKeys),
    thirdParty: thirdPartyTokens(config.thirdPartyIssuer, { clock, log: app.log }),
    userStatus: engine.userStatus,
    clock,
  }
  const refreshTokens = new RefreshTokens({
    store: engine.refreshTokens,
    keys: deriveKeys(config.secrets, 'refresh-token'),
    ...{ clock, random, sessions, revokeAccess },
  })
  const { accounts: store, attempts, shares } = engine
  const stores = { store, attempts, shares, sessions, revokeAccess }
  app.decorate('accounts', new Accounts({ ...stores, clock, random, breached }))
  app.decorate('sessions', sessions)
  app.decorate('revokeAccess', revokeAccess)
  app.decorate('accessTokens', tokens)
  app.decorate('refreshTokens', refreshTokens)
  app.decorate('authenticator', new Authenticator(parts))
}

export default fp(identity, {
  name: 'usher-identity',
  fastify: '5.x',
  dependencies: ['usher-tickets'],
})
