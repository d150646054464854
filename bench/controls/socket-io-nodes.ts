// Socket.IO as it comes, one of several nodes on one Redis, by its Redis adapter or its adapter for
// Redis streams: a room from the query, and an event to all of it, sender too.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createClient } from '@redis/client'
import { createAdapter } from '@socket.io/redis-adapter'
import { createAdapter as createStreamsAdapter } from '@socket.io/redis-streams-adapter'
import { Server } from 'socket.io'

const { REDIS_URL = '', ADAPTER } = process.env
const client = createClient({ url: REDIS_URL, RESP: 2 })
const subscriber = client.duplicate()
await Promise.all([client.connect(), subscriber.connect()])
const isOfStreams = ADAPTER === 'streams'
const adapter = isOfStreams ? createStreamsAdapter(client) : createAdapter(client, subscriber)

const server = createServer()
const io = new Server(server, { transports: ['websocket'], adapter })

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
