// What a test tells a driver to do, and what a driver answers and hears: one JSON object a line.

export type Format = 'json' | 'protobuf'

export interface Position {
  offset: number
  epoch: string
}

export interface OpenOptions {
  url: string
  headers?: Record<string, string>
  token?: string
  /** Whether the SDK's token callback asks the test for each token. */
  asks?: boolean
  /** Whether the client forgets its token whenever it begins to connect. */
  clears?: boolean
  /** Milliseconds between two attempts to connect. */
  minDelay?: number
  maxDelay?: number
}

export interface SubscribeOptions {
  recoverable?: boolean
  joinLeave?: boolean
  asks?: boolean
}

/** Everything that an op may need; `client` names one of the clients of the driver. */
export interface Command extends Partial<OpenOptions>, SubscribeOptions {
  op: string
  id?: number
  client?: string
  format?: Format
  room?: string
  data?: string
  method?: string
  limit?: number
  since?: Position
  reverse?: boolean
  number?: number
}

export interface By {
  user: string
  client: string
  info: string | null
}

/** An event of a client. `data` is the payload as text: JSON, or the bytes of Protobuf. */
export interface Heard {
  event: string
  client: string
  room?: string
  code?: number
  reason?: string
  message?: string
  connection?: string
  number?: number
  data?: string | null
  offset?: number
  tags?: Record<string, string> | null
  by?: By | null
  recovered?: boolean
  wasRecovering?: boolean
  position?: Position | null
}

export interface Answer {
  id: number
  ok?: unknown
  error?: { code: number; message: string }
}

export type Line = Heard | Answer

/** Something that drives clients of one SDK. */
export interface Driver {
  send(command: Command): void
}
