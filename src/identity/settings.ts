// The settings of identity, which src/config/ reads at boot.
import type { Scope } from '../protocol/scope.ts'

/** The root secret, and the one before it while it is being rotated out. */
export interface RootSecrets {
  readonly current: string
  readonly previous: string | null
}

/** A back end's key, the name it has in logs, and its scopes: DEFAULT_SCOPES if not given. */
export interface ServerKey {
  readonly name: string
  readonly key: string
  readonly scopes?: readonly Scope[]
}

/** Another issuer whose tokens are taken: everything that a token must match. */
export interface ThirdPartyIssuer {
  /** A shared secret for HS…, a public key in PEM for the others; null with `jwksUrl`. */
  readonly key: string | null
  readonly jwksUrl: URL | null
  readonly algorithm: string
  readonly issuer: string
  readonly audience: string
  /** Stands before every subject, so that none is taken for a user of Usher's own. */
  readonly prefix: string
}
