// Socket.IO as it comes: a room from the query, and an event to all of it, sender too.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'

const server = createServer()
const io = new Server(server, { transports: ['websocket'] })

io.on('connection', (socket) => {
  const room = `bench-${socket.handshake.query.room}`
  socket.join(room)
  socket.on('m', (data: string) => {
    io.to(room).emit('m', data)
  })
})

server.listen(0, '127.0.0.1', () => {
  console.log('listening', (server.address() as AddressInfo).port)
})
