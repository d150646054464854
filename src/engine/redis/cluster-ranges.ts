// The slots of a Cluster: which one a key or a channel is in, and which server has it.
import type { Server } from './address.ts'
import type { Reply } from './link.ts'

export const SLOTS = 16_384

/** The part in the first braces alone decides, where there is one. */
export function slotOf(key: string): number {
  const [, tag] = /^[^{]*\{([^}]+)\}/.exec(key) ?? []
  return crc16(Buffer.from(tag ?? key)) % SLOTS
}

/** Slots from the first to the last, which is one of them. */
export interface ClusterRange {
  readonly first: number
  readonly last: number
  readonly primary: Server
  readonly replicas: readonly Server[]
}

/** Reads the answer to CLUSTER SLOTS. A server that does not know its own name is `answering`. */
export function rangesIn(reply: Reply, answering: Server): ClusterRange[] {
  return listOf(reply).flatMap((range) => {
    const [first, last, ...servers] = listOf(range)
    const [primary, ...replicas] = servers.map((server) => serverIn(server, answering))
    if (primary === undefined) return []
    return [{ first: Number(first), last: Number(last), primary, replicas }]
  })
}

/** Where a refusal sends the caller: `MOVED <slot> <host>:<port>`, or ASK likewise. */
export function redirectIn(message: string, answering: Server): Server | null {
  const [, host, port] = /^\w+ \d+ (.*):(\d+)$/.exec(message) ?? []
  return port === undefined ? null : { host: host || answering.host, port: Number(port) }
}

function serverIn(reply: Reply, answering: Server): Server {
  const [host, port] = listOf(reply)
  const name = host === null || host === undefined ? '' : String(host)
  return { host: name === '' || name === '?' ? answering.host : name, port: Number(port) }
}

function listOf(reply: Reply | undefined): Reply[] {
  return Array.isArray(reply) ? reply : []
}

/** CRC-16 with the polynomial 0x1021, from 0. */
const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1
  return crc
})

function crc16(bytes: Uint8Array): number {
  let crc = 0
  for (const byte of bytes) crc = ((crc << 8) ^ (TABLE[((crc >> 8) ^ byte) & 0xff] ?? 0)) & 0xffff
  return crc
}
