// The messages of the Centrifugal client protocol that Usher reads and writes, in its own words:
// one table for both encodings. JSON goes by the names, Protobuf by the numbers. A field that is
// not here is passed over when it is read.

type Scalar = 'string' | 'bool' | 'uint32' | 'uint64' | 'int32' | 'int64' | 'bytes'

/** `list` is of whole messages that are encoded already; Protobuf cannot tell them from bytes. */
export type Type =
  | Scalar
  | 'list'
  | { readonly message: Fields }
  | { readonly map: 'string' | Fields }

export interface Fields {
  readonly [name: string]: readonly [number: number, type: Type]
}

/** What a message has; a field that is left out is zero, empty or not there. */
export type Values<F extends Fields> = {
  readonly [Name in keyof F]?: ValueOf<F[Name] extends readonly [number, infer T] ? T : never>
}

type ValueOf<T> = T extends 'string'
  ? string
  : T extends 'bool'
    ? boolean
    : T extends 'bytes'
      ? Buffer
      : T extends 'list'
        ? readonly Buffer[]
        : T extends { map: infer V }
          ? ReadonlyMap<string, V extends Fields ? Values<V> : string>
          : T extends { message: infer M }
            ? M extends Fields
              ? Values<M>
              : never
            : number

export const CLIENT_INFO = {
  user: [1, 'string'],
  client: [2, 'string'],
  conn_info: [3, 'bytes'],
} as const satisfies Fields

export const PUBLICATION = {
  data: [4, 'bytes'],
  info: [5, { message: CLIENT_INFO }],
  offset: [6, 'uint64'],
  tags: [7, { map: 'string' }],
  time: [9, 'int64'],
} as const satisfies Fields

const STREAM_POSITION = {
  offset: [1, 'uint64'],
  epoch: [2, 'string'],
} as const satisfies Fields

const SUBSCRIBE_REQUEST = {
  channel: [1, 'string'],
  token: [2, 'string'],
  recover: [3, 'bool'],
  epoch: [6, 'string'],
  offset: [7, 'uint64'],
  join_leave: [11, 'bool'],
  flag: [14, 'int64'],
  type: [15, 'int32'],
} as const satisfies Fields

const CHANNEL = { channel: [1, 'string'] } as const satisfies Fields
const TOKEN = { token: [1, 'string'] } as const satisfies Fields

export const COMMAND = {
  id: [1, 'uint32'],
  connect: [4, { message: { ...TOKEN, subs: [3, { map: SUBSCRIBE_REQUEST }] } }],
  subscribe: [5, { message: SUBSCRIBE_REQUEST }],
  unsubscribe: [6, { message: CHANNEL }],
  publish: [7, { message: { ...CHANNEL, data: [2, 'bytes'] } }],
  presence: [8, { message: CHANNEL }],
  presence_stats: [9, { message: CHANNEL }],
  history: [
    10,
    {
      message: {
        ...CHANNEL,
        limit: [7, 'int32'],
        since: [8, { message: STREAM_POSITION }],
        reverse: [9, 'bool'],
      },
    },
  ],
  ping: [11, { message: {} }],
  send: [12, { message: { data: [1, 'bytes'] } }],
  rpc: [13, { message: { data: [1, 'bytes'], method: [2, 'string'] } }],
  refresh: [14, { message: TOKEN }],
  sub_refresh: [15, { message: { ...CHANNEL, token: [2, 'string'] } }],
} as const satisfies Fields

const EXPIRY = { expires: [1, 'bool'], ttl: [2, 'uint32'] } as const satisfies Fields

const SUBSCRIBE_RESULT = {
  ...EXPIRY,
  recoverable: [3, 'bool'],
  epoch: [6, 'string'],
  publications: [7, 'list'],
  recovered: [8, 'bool'],
  offset: [9, 'uint64'],
  positioned: [10, 'bool'],
  data: [11, 'bytes'],
  was_recovering: [12, 'bool'],
} as const satisfies Fields

/** One with its own fields, as every client is told of another. */
const INFO = { message: { info: [1, { message: CLIENT_INFO }] } } as const

export const PUSH = {
  channel: [2, 'string'],
  pub: [4, { message: PUBLICATION }],
  join: [5, INFO],
  leave: [6, INFO],
  unsubscribe: [7, { message: { code: [2, 'uint32'], reason: [3, 'string'] } }],
  disconnect: [11, { message: { code: [1, 'uint32'], reason: [2, 'string'] } }],
} as const satisfies Fields

export const REPLY = {
  id: [1, 'uint32'],
  error: [2, { message: { code: [1, 'uint32'], message: [2, 'string'], temporary: [3, 'bool'] } }],
  push: [4, { message: PUSH }],
  connect: [
    5,
    {
      message: {
        client: [1, 'string'],
        version: [2, 'string'],
        expires: [3, 'bool'],
        ttl: [4, 'uint32'],
        subs: [6, { map: SUBSCRIBE_RESULT }],
        ping: [7, 'uint32'],
        pong: [8, 'bool'],
        session: [9, 'string'],
        node: [10, 'string'],
      },
    },
  ],
  subscribe: [6, { message: SUBSCRIBE_RESULT }],
  unsubscribe: [7, { message: {} }],
  publish: [8, { message: {} }],
  presence: [9, { message: { presence: [1, { map: CLIENT_INFO }] } }],
  presence_stats: [10, { message: { num_clients: [1, 'uint32'], num_users: [2, 'uint32'] } }],
  history: [
    11,
    { message: { publications: [1, 'list'], epoch: [2, 'string'], offset: [3, 'uint64'] } },
  ],
  rpc: [13, { message: { data: [1, 'bytes'] } }],
  refresh: [
    14,
    {
      message: {
        client: [1, 'string'],
        version: [2, 'string'],
        expires: [3, 'bool'],
        ttl: [4, 'uint32'],
      },
    },
  ],
  sub_refresh: [15, { message: EXPIRY }],
} as const satisfies Fields

export type CommandFields = Values<typeof COMMAND>
export type ReplyFields = Values<typeof REPLY>
export type PushFields = Values<typeof PUSH>
export type PublicationFields = Values<typeof PUBLICATION>
export type ClientInfoFields = Values<typeof CLIENT_INFO>
export type SubscribeRequest = Values<typeof SUBSCRIBE_REQUEST>
export type SubscribeResult = Values<typeof SUBSCRIBE_RESULT>
