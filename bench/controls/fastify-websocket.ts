// The usual loop on @fastify/websocket, as its README has it: no identity, no limits, no log.
import websocket from '@fastify/websocket'
import Fastify from 'fastify'
import type { WebSocket } from 'ws'

const rooms = new Map<string, Set<WebSocket>>()
const app = Fastify()
await app.register(websocket, { options: { clientTracking: false } })

app.get('/rooms/:room', { websocket: true }, (socket, request) => {
  const { room: name } = request.params as { room: string }
  const room = rooms.get(name) ?? new Set()
  rooms.set(name, room.add(socket))
  socket.on('message', (data, binary) => {
    for (const member of room) member.send(data, { binary })
  })
  socket.on('close', () => room.delete(socket))
})

console.log('listening', new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port)
