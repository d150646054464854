// The types of the page's modules for tests. The modules are plain JavaScript for browsers, which
// the compiler does not look at.

export interface Clock {
  elapsed(): number
  after(ms: number, run: () => void): { cancel(): void }
}

export interface State {
  name: 'closed' | 'connecting' | 'open' | 'waiting'
  room?: string
  reason?: string
  waitMs?: number
  again?: boolean
  loggedOut?: boolean
  questionsSession?: boolean
}

export interface Refusal {
  verdict: 'come-back' | 'stay-away' | 'logged-out'
  sentence: string
  afterMs: number
}

export interface PageSocket {
  readyState: number
  binaryType: string
  onopen: (() => void) | null
  onmessage: ((event: { data: string | ArrayBuffer }) => void) | null
  onclose: ((event: { code: number; reason: string }) => void) | null
  send(content: string | Uint8Array): void
  close(code: number, reason: string): void
}

export interface RoomConnection {
  readonly state: State
  open(room: string): void
  close(): void
  send(content: string | Uint8Array): boolean
  check(): void
}

export interface RoomConnectionOptions {
  api: {
    openSocket(room: string): PageSocket
    whyRefused(room: string): Promise<Refusal>
    isAlive(signal: AbortSignal): Promise<boolean>
  }
  clock: Clock
  random?: () => number
  liveness?: { silentMs?: number; answerMs?: number }
  onState(state: State): void
  onFrame(content: string | Uint8Array): void
}

export interface Liveness {
  start(): void
  heard(): void
  stop(): void
  askNow(): Promise<void>
}

export interface LivenessOptions {
  clock: Clock
  isAlive(signal: AbortSignal): Promise<boolean>
  onDead(): void
  silentMs?: number
  answerMs?: number
}

export interface PendingEchoes<Line> {
  add(content: string | Uint8Array, line: Line): void
  takeEchoOf(content: string | Uint8Array): Line | null
  takeAll(): Line[]
}

export interface UsersHere {
  seen(members: readonly { user: string | null; name: string | null }[], elapsed: number): string[]
  clear(): void
}

interface Modules {
  'plain/backoff.js': { backoffMs(failures: number, random?: () => number): number }
  'shared/close-codes.js': {
    mayReconnect(code: number): boolean
    closeSentence(code: number, reason: string): string
    questionsSession(code: number): boolean
  }
  'shared/file-type.js': { fileTypeOf(content: Uint8Array): { type: string; ending: string } }
  'plain/pending-echoes.js': { PendingEchoes: new <Line>() => PendingEchoes<Line> }
  'plain/room-connection.js': {
    RoomConnection: new (options: RoomConnectionOptions) => RoomConnection
  }
  'shared/room-name.js': {
    isRoomName(text: string): boolean
    roomPath(room: string): string
    roomSocketUrl(room: string, page: string): string
    roomOfHash(hash: string): string
  }
  'plain/users-here.js': {
    UsersHere: new () => UsersHere
    hereText(names: readonly string[]): string
  }
  'plain/liveness.js': { Liveness: new (options: LivenessOptions) => Liveness }
}

export function pageModule<Name extends keyof Modules>(name: Name): Promise<Modules[Name]> {
  return import(new URL(`../../../public/${name}`, import.meta.url).href)
}
