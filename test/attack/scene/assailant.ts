// A process that attacks: for each line on its standard input it opens that many connections more.
import { createInterface } from 'node:readline'
import { openSocket } from '../wire.ts'
import { bytesOf, type Order } from './assault.ts'

const { port, assault } = JSON.parse(process.argv[2] ?? '') as Order
const { mode, addresses = Number.POSITIVE_INFINITY } = assault
let opened = 0

for await (const line of createInterface({ input: process.stdin })) {
  for (let more = Number(line); more > 0; more -= 1) {
    open(opened % addresses, bytesOf(assault, opened))
    opened += 1
  }
  process.stdout.write(`opened ${opened}\n`)
}

function open(address: number, bytes: Buffer): void {
  const socket = openSocket(port, `127.90.${address >> 7}.${1 + (address & 127)}`)
  const again = () => {
    if (mode === 'again' && socket.writableLength === 0) socket.write(bytes)
  }
  if (mode === 'unread') socket.pause()
  else socket.on('data', again)
  if (mode === 'again') socket.once('close', () => setImmediate(open, address, bytes))
  socket.write(bytes)
}
