// Clients that take their time: drop by drop, or not at all. Others must not notice, and in the
// long form we wait until the server has had enough of them.
import type { Socket } from 'node:net'
import { type Attack, attack, type Family } from '../attack.ts'
import { bearerHeaders, posting, type Target } from '../target.ts'
import { openSocket, pause, requestBytes, upgradeBytes, within, wordsOf } from '../wire.ts'

const SERVED_MS = 1_000
const PATIENCE_MS = 95_000
/** A request has 30 s in all, and a busy machine some more to find that out. */
const REQUEST_MS = 40_000

export const slowness: Family = { title: 'slowness', parts: [takingTime] }

function takingTime(target: Target): Attack[] {
  return [
    besides('silent connections', target, (socket) => socket),
    besides('handshakes, a byte at a time', target, (socket) => drip(socket, handshake())),
    besides('bodies, a byte at a time', target, (socket) => drip(socket, slowBody(target), 200)),
    besides('headers without end', target, (socket) => dripForEver(socket, 'GET / HTTP/1.1\r\n')),
    ...(target.short ? [] : patience(target)),
  ]
}

function handshake(): Buffer {
  return upgradeBytes('/rooms/attack:slow?auth=message')
}

function slowBody(target: Target): Buffer {
  const body = `{${' '.repeat(5_000)}}`
  return requestBytes(posting('/tickets', bearerHeaders(target.victim), body))
}

/** Writes the head at once and the rest one byte after the other, until the server ends it. */
function drip(socket: Socket, bytes: Buffer, headStart = 0): Socket {
  let at = headStart
  if (headStart > 0) socket.write(bytes.subarray(0, headStart))
  const timer = setInterval(() => {
    if (at < bytes.length - 1) socket.write(bytes.subarray(at, at + 1))
    at += 1
  }, 100)
  return socket.once('close', () => clearInterval(timer))
}

function dripForEver(socket: Socket, start: string): Socket {
  socket.write(`${start}Host: localhost\r\n`)
  const timer = setInterval(() => socket.write('X-A: b\r\n'), 100)
  return socket.once('close', () => clearInterval(timer))
}

/** While many are slow, requests and handshakes of others are answered as fast as ever. */
function besides(name: string, target: Target, slow: (socket: Socket) => Socket): Attack {
  const count = target.short ? 100 : 800
  return attack(
    `${count} ${name}`,
    `${count} sockets from 50 addresses`,
    'others are served',
    async () => {
      const from = (at: number) => `127.55.0.${1 + (at % 50)}`
      const open = Array.from({ length: count }, (_, at) => slow(openSocket(target.port, from(at))))
      await pause(300)
      const times: number[] = []
      for (let turn = 0; turn < 5; turn += 1) times.push(await timeOfOne(target))
      for (const socket of open) socket.destroy()
      const longest = Math.round(Math.max(...times))
      return longest < SERVED_MS ? 'others are served' : `others waited ${longest} ms`
    },
  )
}

async function timeOfOne(target: Target): Promise<number> {
  const start = performance.now()
  const answer = await target.ask({ path: '/session', headers: bearerHeaders(target.victim) })
  return wordsOf(answer) === '200' ? performance.now() - start : Number.POSITIVE_INFINITY
}

type Slow = (socket: Socket) => Socket

/** All at the same time, since each lasts half a minute or more. */
function patience(target: Target): Attack[] {
  const slow: Record<string, [slow: Slow, most: number]> = {
    'a silent connection': [(socket) => socket, PATIENCE_MS],
    'a handshake, a byte at a time': [(socket) => drip(socket, handshake()), REQUEST_MS],
    'a body, a byte at a time': [(socket) => drip(socket, slowBody(target), 300), REQUEST_MS],
    'headers without end': [(socket) => dripForEver(socket, 'GET / HTTP/1.1\r\n'), REQUEST_MS],
    'nothing behind a refused upgrade': [refusedUpgrade, PATIENCE_MS],
  }
  const ends = Object.entries(slow).map(([name, [start, most]]) => {
    const end = endOf(start(openSocket(target.port)), most)
    return attack(`${name} is ended`, `waited ${most / 1_000} s`, /^ended after \d+ s$/, () => end)
  })
  return ends
}

function refusedUpgrade(socket: Socket): Socket {
  socket.write(upgradeBytes('/rooms/attack:slow'))
  return socket
}

async function endOf(socket: Socket, most: number): Promise<string> {
  const start = performance.now()
  socket.resume()
  const closed = new Promise<true>((resolve) => socket.once('close', () => resolve(true)))
  const ended = await within(most, closed, false)
  socket.destroy()
  const seconds = Math.round((performance.now() - start) / 1_000)
  return ended ? `ended after ${seconds} s` : `still open after ${seconds} s`
}
