// What an access token says. The JWT plugin signs and checks it.

export const ACCESS_TOKEN_ALGORITHM = 'HS256'
/** Not `JWT`: no other kind of token can be taken for an access token (S15, RFC 9068). */
export const ACCESS_TOKEN_TYPE = 'at+jwt'
export const ACCESS_TOKEN_PARTY = 'usher'
export const ACCESS_TOKEN_CHARACTERS_MAX = 2_048

export interface AccessClaims {
  /** The user. */
  sub: string
  /** The session. */
  sid: string
}

/** What a token of Usher's own says. */
export interface AccessToken {
  readonly claims: AccessClaims
  /** It proves no more who the client is, only who it was. */
  readonly isExpired: boolean
}

/**
 * Signs and checks access tokens. `verify` MUST return null for any token that Usher did not sign.
 */
export interface AccessTokens {
  sign(claims: AccessClaims): string
  verify(token: string): AccessToken | null
}
