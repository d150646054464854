// What an error of the client library, or of Redis, means for the call that got it.
import { ClientOfflineError, ErrorReply } from '@redis/client'
import { EngineUnavailable } from '../engine.ts'

/** Redis refused the command and changed nothing: a retry may succeed. */
const REFUSED_FOR_NOW = new RegExp(
  `^(?:${[
    ...['LOADING', 'MASTERDOWN', 'READONLY', 'CLUSTERDOWN', 'TRYAGAIN', 'MOVED', 'ASK', 'BUSY'],
    ...['MISCONF', 'NOREPLICAS', 'OOM', 'UNKILLABLE'],
  ].join('|')})\\b`,
)

/** An error that the engine throws; an unexpected answer of Redis stays what it is. */
export function unavailable(error: unknown): Error {
  if (error instanceof EngineUnavailable) return error
  if (error instanceof ClientOfflineError) return new EngineUnavailable(AWAY)
  if (error instanceof ErrorReply) {
    return REFUSED_FOR_NOW.test(error.message) ? new EngineUnavailable(error.message) : error
  }
  return new EngineUnavailable(reasonOf(error), null, 'unknown')
}

export const AWAY = 'Redis does not answer.'
export const LATE = 'Redis did not answer in time.'
export const CLOSED = 'The engine is closed.'

export function reasonOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : String(error)
}

/** Whether Redis refused with this word. */
export function isRefused(error: unknown, word: string): error is Error {
  return error instanceof Error && error.message.startsWith(`${word} `)
}
