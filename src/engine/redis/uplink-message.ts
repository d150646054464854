// Commands for the connection of another node as bytes: a line of JSON, and the payload as it came.
import type { UplinkFrame } from '../uplinks.ts'

const LINE_END = 0x0a

/** Which answer is waited for, and by which node. */
export interface Asking {
  readonly id: number
  readonly asker: string
}

export function writeUplink(asking: Asking, { payload, ...head }: UplinkFrame): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify({ ...asking, ...head })}\n`), payload])
}

export function readUplink(message: Buffer): Asking & { frame: UplinkFrame } {
  const end = message.indexOf(LINE_END)
  const { id, asker, ...head } = JSON.parse(message.toString('utf8', 0, end)) as Asking &
    Omit<UplinkFrame, 'payload'>
  return { id, asker, frame: { ...head, payload: message.subarray(end + 1) } }
}
