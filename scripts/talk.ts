// A room in a terminal: prints the messages of the room, and publishes each line that is typed.
import { createInterface } from 'node:readline'

const [url] = process.argv.slice(2)
if (url === undefined) {
  console.error('Usage: node scripts/talk.ts ws://host/rooms/<room>?ticket=<ticket>')
  process.exit(1)
}

const socket = new WebSocket(url)
socket.binaryType = 'arraybuffer'
socket.addEventListener('open', () => {
  console.log('The room is open: type a line to say it.')
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (line) => socket.send(line))
  lines.on('close', () => socket.close())
  socket.addEventListener('close', () => lines.close())
})
socket.addEventListener('message', ({ data }) => {
  console.log(typeof data === 'string' ? `> ${data}` : `> (${data.byteLength} bytes)`)
})
socket.addEventListener('error', () => console.log('The server did not let us in, or is away.'))
socket.addEventListener('close', ({ code, reason }) => {
  console.log(`Closed: ${code} ${reason}`)
})
