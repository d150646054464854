// What a URL of Redis says: whom to ask, how, and as which user.
//
//   redis://host:6379                            one server, or any node of a Cluster
//   redis+sentinel://host:26379,host:26379/name  the primary that these Sentinels name
//   rediss://user:password@host:6379             with TLS; rediss+sentinel:// likewise
import { EngineRefused } from '../engine.ts'

export interface Server {
  readonly host: string
  readonly port: number
}

/** How every server is spoken to. Sentinels are asked without user and password. */
export interface Access {
  readonly tls: boolean
  readonly username: string | undefined
  readonly password: string | undefined
}

export interface Address {
  readonly servers: readonly [Server, ...Server[]]
  readonly access: Access
  /** The name that the Sentinels have for the primary; null where there are no Sentinels. */
  readonly watched: string | null
}

const PORT = { server: 6_379, sentinel: 26_379 }
const URL_OF_REDIS =
  /^(rediss?)(\+sentinel)?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^@/?#]+)(?:\/([^/?#]*))?$/

export function addressOf(url: string): Address {
  const [, scheme, plus, user, password, hosts, path] = URL_OF_REDIS.exec(url) ?? []
  const isWatched = plus !== undefined
  const [first, ...others] = (hosts ?? '').split(',').map((host) => serverOf(host, isWatched))
  // A number after the host is a database, which neither a Cluster nor a channel has.
  const isWhole = isWatched ? path : others.length === 0 && !path
  if (!first || others.includes(null) || !isWhole) throw new EngineRefused(WRONG)
  const access = {
    tls: scheme === 'rediss',
    username: user ? decodeURIComponent(user) : undefined,
    password: password === undefined ? undefined : decodeURIComponent(password),
  }
  const servers: Address['servers'] = [first, ...(others as Server[])]
  return { servers, access, watched: isWatched ? decodeURIComponent(path ?? '') : null }
}

const WRONG =
  'The address of Redis must be redis://host:port or redis+sentinel://host:port,host:port/name, ' +
  'with rediss in place of redis for TLS.'

/** The name of a server in maps. */
export function nameOf({ host, port }: Server): string {
  return `${host}:${port}`
}

function serverOf(text: string, isSentinel: boolean): Server | null {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = bracketed ?? plain
  if (host === undefined) return null
  return { host, port: Number(port ?? (isSentinel ? PORT.sentinel : PORT.server)) }
}
