// Chunks of HTTP/1.1 (RFC 9112 section 7.1): the frames of an answer whose length is not known.

const LINE_END = '\r\n'

/** One whole chunk: its length in hex and the bytes, which MUST NOT be empty: that ends a body. */
export function httpChunk(bytes: Buffer): Buffer {
  const head = bytes.length.toString(16) + LINE_END
  const chunk = Buffer.allocUnsafe(head.length + bytes.length + LINE_END.length)
  chunk.write(head, 0, 'latin1')
  bytes.copy(chunk, head.length)
  chunk.write(LINE_END, head.length + bytes.length, 'latin1')
  return chunk
}
