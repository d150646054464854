// Bun's native publish (uWebSockets) as its documentation has it; run by Bun, not by Node.
import '../servers/probe.ts'

interface Socket {
  readonly data: { room: string }
  subscribe(room: string): void
}

interface Native {
  readonly port: number
  publish(room: string, message: string | Uint8Array): number
  upgrade(request: Request, options: { data: Socket['data'] }): boolean
}

declare const Bun: {
  serve(options: {
    port: number
    hostname: string
    fetch(request: Request, server: Native): Response | undefined
    websocket: {
      idleTimeout: number
      backpressureLimit: number
      closeOnBackpressureLimit: boolean
      open(socket: Socket): void
      message(socket: Socket, message: string | Uint8Array): void
    }
  }): Native
}

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch(request, server) {
    const room = new URL(request.url).pathname
    if (server.upgrade(request, { data: { room } })) return
    return new Response('Upgrade.', { status: 426 })
  },
  websocket: {
    idleTimeout: 960,
    // Bun would drop messages silently beyond 16 MB for one reader; the run counts missing ones.
    backpressureLimit: 64 * 1_048_576,
    closeOnBackpressureLimit: false,
    open(socket) {
      socket.subscribe(socket.data.room)
    },
    message({ data }, message) {
      server.publish(data.room, message)
    },
  },
})

console.log('listening', server.port)
