// A position as text: in `id:`, in `Last-Event-ID` and in `?after=`.
import type { Position } from './message.ts'

export function positionText({ epoch, offset }: Position): string {
  return `${epoch}:${offset}`
}

/** Null when the text is no position. */
export function parsePosition(text: string): Position | null {
  const found = /^([A-Za-z0-9._-]{1,64}):(0|[1-9][0-9]{0,15})$/.exec(text)
  if (!found) return null
  const [, epoch = '', offset] = found
  return { epoch, offset: Number(offset) }
}
