// What attacking connections send, as data, so that a process of its own can send it.
import { clientFrame, OPCODE } from '../../support/frames.ts'
import { type Ask, requestBytes } from '../wire.ts'

export interface Assault {
  /** One for each connection, and from the first again when there are more connections. */
  asks: readonly (Pick<Ask, 'method' | 'path' | 'headers'> & { body?: string })[]
  /** Text frames behind a request that upgrades: a line each, so many times. */
  frames?: readonly (readonly [line: string, times: number])[]
  /** A request is repeated up to so many bytes in one write; at least once. */
  bytes: number
  /**
   * `unread`: nothing is read. `read`: what comes is thrown away. `again`: it is sent again when
   * something comes, and on a new connection when this one ends.
   */
  mode: 'unread' | 'read' | 'again'
  /** From so many addresses; one for each connection if not said. */
  addresses?: number
}

/** What a process of its own is told. */
export interface Order {
  port: number
  assault: Assault
}

/** What the connection of this number writes. */
export function bytesOf({ asks, bytes, frames = [] }: Assault, index: number): Buffer {
  const { headers = [], ...ask } = asks[index % asks.length] ?? { path: '/' }
  const isUpgrade = headers.some(([name]) => name === 'Upgrade')
  const kept = isUpgrade ? headers : [...headers, ['Connection', 'keep-alive'] as const]
  const one = requestBytes({ ...ask, headers: kept })
  const behind = frames.map(([line, times]) =>
    clientFrame({ opcode: OPCODE.text, payload: `${line}\n`.repeat(times).trimEnd() }),
  )
  const times = Math.max(1, Math.floor(bytes / one.length))
  return Buffer.concat([...Array<Buffer>(times).fill(one), ...behind])
}
