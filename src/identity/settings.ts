// What identity is given at boot; the settings are read by src/config.ts.

/** The root secret, and the one before it while it is being rotated out. */
export interface RootSecrets {
  readonly current: string
  readonly previous: string | null
}

/** A back end's key, and the name it has in logs. */
export interface ServerKey {
  readonly name: string
  readonly key: string
}
