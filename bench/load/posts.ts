// REST publishing over keep-alive: raw sockets that send the next request when an answer is whole.
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { busyShare, busySoFar } from './busy.ts'
import { micros } from './clock.ts'
import { Latencies } from './latency.ts'
import type { Posted, PostOrder } from './orders.ts'

interface Tally {
  done: number
  all: number
  failed: number
  latencies: Latencies
}

export async function post(order: PostOrder): Promise<Posted> {
  const tally: Tally = { done: 0, all: 0, failed: 0, latencies: new Latencies() }
  const request = requestOf(order)
  const sockets = Array.from({ length: order.connections }, () => begin(order, request, tally))
  await sleep(order.warmSeconds * 1_000)
  Object.assign(tally, { done: 0, latencies: new Latencies() })
  const before = busySoFar()
  await sleep(order.seconds * 1_000)
  const now = busySoFar()
  const seconds = (now.at - before.at) / 1e6
  for (const socket of sockets) socket.resetAndDestroy()
  const { counts } = tally.latencies
  return {
    ...tally,
    latencies: counts,
    seconds,
    load: busyShare(before, now),
    lateMs: 0,
    bytesEach: 0,
  }
}

function requestOf({ port, path, headers, body }: PostOrder): string {
  const lines = [
    `POST ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

function begin({ port }: PostOrder, request: string, tally: Tally): Socket {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let text = ''
  let askedAt = micros()
  socket.setEncoding('latin1')
  const fail = (): void => {
    tally.failed += 1
  }
  socket.on('error', fail)
  socket.on('end', fail)
  socket.on('data', (chunk: string) => {
    text += chunk
    if (!isWhole(text)) return
    tally.all += 1
    if (/^HTTP\/1\.1 20[01] /.test(text)) tally.done += 1
    else tally.failed += 1
    tally.latencies.record(micros() - askedAt)
    text = ''
    askedAt = micros()
    socket.write(request)
  })
  socket.write(request)
  return socket
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return false
  const length = /\r\ncontent-length: (\d+)/i.exec(text)?.[1]
  return text.length >= end + 4 + Number(length ?? 0)
}
