// How a connection ended.
import type { LimitName } from '../protocol/limits.ts'

/** For logs and metrics. `reason` is the server's, if it closed. */
export interface Farewell {
  code: number
  reason: string
  byServer: boolean
  /** The limit for which the server closed it, if it was one. */
  limit: LimitName | null
}
