// An application whose own decorators have the names that Usher's have inside: its types and the
// package's stand beside each other. `npm run check-package` compiles this against the tarball; it
// cannot stand beside the sources, which know what the names mean inside.
import Fastify from 'fastify'
import { usher } from 'fastify-usher'

declare module 'fastify' {
  interface FastifyInstance {
    metrics: string
    engine: string
    rooms: string[]
    connections: number
    tickets: number
    accounts: string[]
    sessions: string[]
    audit(line: string): void
    authenticate(): boolean
    identify(): string
  }
  interface FastifyRequest {
    user: string
  }
}

const app = Fastify()
await app.register(usher)
await app.usher.publish(app.rooms[0] ?? '', app.metrics)
