// The port to Redis: what the engine asks of it, whether it is one server, one that Sentinels
// watch, or a Cluster. Everything else of the client library stays behind it.
import type { Script } from './scripts.ts'

export type Argument = string | Buffer

/** Strings of Redis are bytes; a list has its elements in order. */
export type Reply = Buffer | number | null | Reply[]

/** Told what may have hidden messages, for the log, and of which channels. */
export type OnDoubt = (reason: string, isConcerned: (channel: string) => boolean) => void

/**
 * Every promise rejects with EngineUnavailable where Redis does not answer: at once while that is
 * known, else within 3 s; its `outcome` says whether the command may have been done. No command is
 * sent twice, unless Redis said that it did not do it. Calls under way at once may be done in any
 * order: what needs an order waits for the answer.
 */
export interface RedisLink {
  /** Null while commands for all keys are answered; else a sentence for operators. */
  readonly away: string | null
  /** How many commands have no answer yet. */
  readonly waiting: number
  /** Sends a command to the primary that has this key. */
  send(key: string, command: readonly [string, ...Argument[]]): Promise<Reply>
  /** Runs a script; its keys MUST have the same tag. */
  run(
    script: Script,
    keys: readonly [string, ...string[]],
    args: readonly Argument[],
  ): Promise<Reply>
  /**
   * Names the run of the primary that has this key: it is another one after a restart and after a
   * failover. Throws EngineUnavailable while that primary is away.
   */
  runOf(key: string): string
  /**
   * Resolves when no later message of the sharded channel can be missed, but for those that
   * `onDoubt` stands for. `onMessage` MUST NOT throw. One listener for each channel.
   */
  subscribe(channel: string, onMessage: (message: Buffer) => void): Promise<void>
  unsubscribe(channel: string): void
  /**
   * Calls `onDoubt` after any event that may have hidden messages of some channels (a link that
   * came back, a slot that moved), when they are subscribed again. MUST NOT throw. Returns how to
   * stop.
   */
  onDoubt(onDoubt: OnDoubt): () => void
  /** Waits for the answers under way, 3 s at most, and ends. May be called twice. */
  close(): Promise<void>
}
