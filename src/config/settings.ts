// The one table of settings. Environment and options read it, and the tables of README.md and
// docs/embedding.md say the same; a test compares them.
import type { Static } from 'typebox'
import { SERVER_KEYS } from './server-keys.ts'
import * as forms from './setting-types.ts'

/** The key of its row is its name as an option. */
export interface Setting {
  readonly variable: string
  readonly form: forms.Form
  /** The value when the setting is not given; null for none. */
  readonly standard: unknown
  /** What the setting means, for the docs. */
  readonly sentence: string
  /** What the docs say about a setting that is not given, where `standard` says too little. */
  readonly unset?: string
  /** Never shown, not even to an operator. */
  readonly isSecret?: true
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
const NO_TEXTS: readonly string[] = []
const WITHOUT_USER = 'a key set is public: write its address without a user'

/** Settings of the process alone: a host application has its own server and log. */
const OF_PROCESS = {
  host: {
    ...{ variable: 'HOST', form: forms.text(), standard: '127.0.0.1' },
    sentence: 'the address to listen on',
  },
  port: {
    ...{ variable: 'PORT', form: forms.wholeNumber(65_535), standard: 3_000 },
    sentence: 'the port to listen on',
  },
  rulesFile: {
    ...{ variable: 'USHER_CONFIG', form: forms.text(), standard: null },
    ...{ sentence: 'the rules file', unset: '`usher.config.json`, if there is one' },
  },
  'tls.cert': {
    ...{ variable: 'USHER_TLS_CERT', form: forms.text(), standard: null, unset: 'plain HTTP' },
    sentence: 'the certificate chain (PEM), for TLS without a proxy; new files are taken over',
  },
  'tls.key': {
    ...{ variable: 'USHER_TLS_KEY', form: forms.text(), standard: null },
    ...{ sentence: 'its private key (PEM)', unset: 'plain HTTP' },
  },
  logLevel: {
    ...{ variable: 'USHER_LOG_LEVEL', form: forms.choice(...LOG_LEVELS), standard: 'info' },
    sentence: 'the least that is logged: `fatal` … `trace`, or `silent`',
  },
} as const satisfies Record<string, Setting>

/** Settings of both the process and a host application. */
const SHARED = {
  production: {
    ...{ variable: 'NODE_ENV', form: forms.IN_PRODUCTION, standard: false },
    sentence:
      '`production` makes cookies Secure, refuses plain HTTP and needs a secret; `development` ' +
      'and `test` do not; any other word stops the boot',
    unset: 'development',
  },
  data: {
    variable: 'USHER_DATA',
    ...{ form: forms.text('write the path of a folder, or :memory:'), standard: './data' },
    sentence: 'the folder of the database, or `:memory:`',
  },
  redisUrl: {
    ...{ variable: 'USHER_REDIS_URL', form: forms.REDIS_URL, standard: null, isSecret: true },
    sentence:
      'makes all processes with this Redis one service, instead of the folder: ' +
      '`redis://host:6379`, `rediss://user:password@host:6379` (TLS), of a Cluster any one ' +
      'node, or `redis+sentinel://host:26379,host:26379/name`',
    unset: 'one process, SQLite',
  },
  redisPrefix: {
    ...{ variable: 'USHER_REDIS_PREFIX', form: forms.REDIS_PREFIX, standard: 'usher:' },
    sentence: 'stands before every key and channel, so that services can share one Redis',
  },
  drainSeconds: {
    ...{ variable: 'USHER_DRAIN_SECONDS', form: forms.wholeNumber(300), standard: 5 },
    sentence: 'how long a shutdown may take',
  },
  secret: {
    ...{ variable: 'USHER_SECRET', form: forms.text(), standard: null, isSecret: true },
    sentence: 'root secret, 32 characters or more; needed in production',
    unset: 'made and kept in the folder',
  },
  secretPrevious: {
    ...{ variable: 'USHER_SECRET_PREVIOUS', form: forms.text(), standard: null, isSecret: true },
    sentence: 'the former root secret, while it is rotated out',
  },
  publicUrl: {
    variable: 'USHER_PUBLIC_URL',
    form: forms.webAddress('write the address people open, like https://chat.example.com'),
    ...{ standard: null, unset: 'as each request says' },
    sentence: 'the address people open, without a prefix: own origin, and the `url` of tickets',
  },
  origins: {
    ...{ variable: 'USHER_ORIGINS', form: forms.ORIGINS, standard: NO_TEXTS },
    sentence:
      'further origins whose pages may use the cookie and the whole API (CORS); of native ' +
      'shells, like `capacitor://localhost`, all but the cookie',
  },
  serverKeys: {
    ...{ variable: 'USHER_API_KEYS', form: SERVER_KEYS, standard: [] },
    sentence:
      'keys of your back ends, 24 characters or more, each with a name, and with scopes if it ' +
      'shall do less, or `users` too: some of `publish`, `read`, `tickets`, `rooms`, `users`, ' +
      '`metrics`',
  },
  signup: {
    ...{ variable: 'USHER_SIGNUP', form: forms.choice('open', 'closed'), standard: null },
    ...{ sentence: '`open` or `closed`', unset: 'open; in production closed' },
  },
  trustProxy: {
    ...{ variable: 'USHER_TRUST_PROXY', form: forms.ADDRESSES, standard: NO_TEXTS, unset: 'none' },
    sentence:
      'addresses of your proxies, like `10.0.0.1`, `10.1.0.0/16`, `loopback`: only theirs are ' +
      'believed when they say who asks (`X-Forwarded-*`)',
  },
  'jwt.key': {
    ...{ variable: 'USHER_JWT_KEY', form: forms.text(), standard: null, isSecret: true },
    sentence:
      'takes tokens of an issuer you have already: its shared secret as it is (32 characters or ' +
      'more), or its public key in PEM with `\\n` for line ends',
    unset: 'only our own tokens',
  },
  'jwt.jwksUrl': {
    variable: 'USHER_JWKS_URL',
    form: forms.webAddress("write the https address of the issuer's key set", (url) =>
      url.username || url.password ? WITHOUT_USER : null,
    ),
    ...{
      standard: null,
      sentence: 'instead of a key, the address of its key set; https in production',
    },
  },
  'jwt.algorithm': {
    ...{ variable: 'USHER_JWT_ALGORITHM', form: forms.text(), standard: null },
    ...{ sentence: 'the one `alg` that its tokens must have', unset: 'needed with either' },
  },
  'jwt.issuer': {
    ...{ variable: 'USHER_JWT_ISSUER', form: forms.text(), standard: null },
    ...{ sentence: 'the one `iss` that its tokens must have', unset: 'needed with either' },
  },
  'jwt.audience': {
    ...{ variable: 'USHER_JWT_AUDIENCE', form: forms.text(), standard: null },
    ...{ sentence: 'the one `aud` that its tokens must have', unset: 'needed with either' },
  },
  'jwt.prefix': {
    ...{ variable: 'USHER_JWT_PREFIX', form: forms.text(), standard: 'jwt:' },
    sentence: "stands before its users' ids, so that they are none of ours",
  },
  metricsPort: {
    ...{ variable: 'USHER_METRICS_PORT', form: forms.wholeNumber(65_535), standard: null },
    sentence: '`/metrics` on a port of its own, without a key',
    unset: 'only with a server key',
  },
  metricsHost: {
    ...{ variable: 'USHER_METRICS_HOST', form: forms.text(), standard: '127.0.0.1' },
    sentence: 'the address that this port listens on',
  },
} as const satisfies Record<string, Setting>

export const SETTINGS = { ...OF_PROCESS, ...SHARED }

export type SettingName = keyof typeof SETTINGS
export type OptionName = keyof typeof SHARED
export const OPTION_NAMES = Object.keys(SHARED) as OptionName[]

type Given<Name extends SettingName> = Static<(typeof SETTINGS)[Name]['form']['schema']>

/** A setting as it is written in an option. */
export type Written<Name extends SettingName> =
  Given<Name> extends (infer Item)[] ? readonly Item[] : Given<Name>

/** Every setting, valid by itself: as it was given, or its standard. */
export type Settings = {
  readonly [Name in SettingName]: Written<Name> | (typeof SETTINGS)[Name]['standard']
}
