// The page's text files as gzip. Each is compressed once, and kept for as long as it is the same.
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'

const compress = promisify(gzip)
const TEXT = /^(text\/|application\/(javascript|json|manifest\+json)|image\/svg)/
const TAKES_GZIP = /\bgzip\b(?!\s*;\s*q=0(\.0*)?(,|$))/

interface Kept {
  readonly tag: unknown
  readonly bytes: Promise<Buffer>
}

export class CompressedFiles {
  /** By path: there are as many as there are files. */
  readonly #kept = new Map<string, Kept>()

  /** The body to answer with, and the headers that say what it is. */
  async answer(request: FastifyRequest, reply: FastifyReply, file: Buffer): Promise<Buffer> {
    reply.header('vary', 'accept-encoding')
    const isText = TEXT.test(String(reply.getHeader('content-type')))
    const takesIt = TAKES_GZIP.test(String(request.headers['accept-encoding'] ?? ''))
    if (!isText || !takesIt || reply.statusCode !== 200) return file
    const bytes = await this.#bytesOf(request.routeOptions.url ?? '', reply, file)
    reply.headers({ 'content-encoding': 'gzip', 'content-length': bytes.length })
    return bytes
  }

  #bytesOf(path: string, reply: FastifyReply, file: Buffer): Promise<Buffer> {
    const tag = reply.getHeader('etag')
    const kept = this.#kept.get(path)
    if (kept !== undefined && kept.tag === tag) return kept.bytes
    const bytes = compress(file, { level: 9 })
    this.#kept.set(path, { tag, bytes })
    return bytes
  }
}
