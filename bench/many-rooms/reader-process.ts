// The other end of the sockets: a process that reads all bytes, and says how many came.
// node bench/many-rooms/reader-process.ts <port> <connections>
import { connect } from 'node:net'

const [port = 0, connections = 0] = process.argv.slice(2).map(Number)
/** All sockets read into the same bytes. */
const SHARED = Buffer.allocUnsafeSlow(65_536)
let bytes = 0

function onRead(length: number): boolean {
  bytes += length
  return true
}

for (let number = 0; number < connections; number += 1) {
  connect({ port, host: '127.0.0.1', onread: { buffer: SHARED, callback: onRead } })
}
process.on('message', () => process.send?.(bytes))
process.on('disconnect', () => process.exit())
