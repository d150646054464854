// The usual loop on bare ws: no identity, no limits, everything to all of the path, sender too.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

const rooms = new Map<string, Set<WebSocket>>()
const server = createServer()
const sockets = new WebSocketServer({ server, clientTracking: false })

sockets.on('connection', (socket, { url = '/' }) => {
  const room = rooms.get(url) ?? new Set()
  rooms.set(url, room.add(socket))
  socket.on('message', (data, binary) => {
    for (const member of room) member.send(data, { binary })
  })
  socket.on('close', () => room.delete(socket))
})

server.listen(0, '127.0.0.1', () => {
  console.log('listening', (server.address() as AddressInfo).port)
})
