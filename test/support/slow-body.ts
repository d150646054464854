// A request whose head comes before its body: what happens in between must count.
import { type RawClient, rawRequest } from './raw-client.ts'

export interface SlowRequest {
  method: string
  path: string
  headers: Record<string, string>
  body: string
}

export interface Begun {
  readonly client: RawClient
  /** Sends the body, and gives the status of the answer. */
  finish(): Promise<number>
}

/** Sends the head. */
export async function begin(url: string, request: SlowRequest): Promise<Begun> {
  const { method, path, headers, body } = request
  const type = headers['content-type'] ?? 'application/json'
  const lines = Object.entries({
    host: new URL(url).host,
    ...headers,
    'content-type': type,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}`)
  const client = await rawRequest(
    url,
    [`${method} ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n'),
  )
  return {
    client,
    finish() {
      client.socket.write(body)
      return client.status()
    },
  }
}
