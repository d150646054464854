// What carries the messages of the Centrifugal protocol: the same body goes out as a WebSocket
// frame, in an HTTP stream, or as a server-sent event.
import { type DataOpcode, serverHeader } from '../frame.ts'
import { httpChunk } from '../http-chunk.ts'

/** Text is written as UTF-8. */
export type Piece = string | Uint8Array

/** Puts a body into one buffer, with all that its transport wants around it. */
export type Framing = (body: readonly Piece[]) => Buffer

export function bytesOf(pieces: readonly Piece[]): number {
  let bytes = 0
  for (const piece of pieces) {
    bytes += typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length
  }
  return bytes
}

/** All pieces in one buffer of their own. */
export function joined(pieces: readonly Piece[]): Buffer {
  const buffer = Buffer.allocUnsafe(bytesOf(pieces))
  let at = 0
  for (const piece of pieces) {
    if (typeof piece === 'string') {
      at += buffer.write(piece, at)
    } else {
      buffer.set(piece, at)
      at += piece.length
    }
  }
  return buffer
}

export function inFrames(opcode: DataOpcode): Framing {
  return (body) => joined([serverHeader(opcode, bytesOf(body)), ...body])
}

/** A stream of lines; a body has no line end. */
export const inLines: Framing = (body) => joined([...body, '\n'])

/** A stream of bodies that begin with their length. */
export const asTheyAre: Framing = joined

/** Server-sent events: a body has no line end, so each is one line of data. */
export const inEvents: Framing = (body) => joined(['data: ', ...body, '\n\n'])

/** The same over HTTP/1.1, where the end of a body is not known. */
export function inChunks(framing: Framing): Framing {
  return (body) => httpChunk(framing(body))
}
