// Recorded frames of test/fixtures/frames: bytes in hex, small ones whole, large ones by their
// head.
import { readFileSync } from 'node:fs'
import type { Kind } from '../../src/protocol/message.ts'

export interface GoldenFrame {
  kind: Kind
  payload: Buffer
  frame: Buffer
}

interface Recorded {
  whole: { kind: Kind; payload: string; frame: string }[]
  heads: { kind: Kind; payloadBytes: number; fill: string; head: string }[]
}

export function goldenFrames(name: string): GoldenFrame[] {
  const url = new URL(`../fixtures/frames/${name}.json`, import.meta.url)
  const { whole, heads }: Recorded = JSON.parse(readFileSync(url, 'utf8'))
  const small = whole.map(({ kind, payload, frame }) => ({
    kind,
    payload: Buffer.from(payload, 'hex'),
    frame: Buffer.from(frame, 'hex'),
  }))
  const large = heads.map(({ kind, payloadBytes, fill, head }) => {
    const payload = Buffer.alloc(payloadBytes, Buffer.from(fill, 'hex'))
    return { kind, payload, frame: Buffer.concat([Buffer.from(head, 'hex'), payload]) }
  })
  return [...small, ...large]
}
