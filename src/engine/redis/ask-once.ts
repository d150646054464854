// Asks one server something on a connection of its own, which ends with the answer.
import type { Clock } from '../../time/clock.ts'
import type { Access, Server } from './address.ts'
import { ANSWER_MS } from './pending-calls.ts'
import { RespWire } from './resp-wire.ts'
import type { Sender } from './sender.ts'

export interface AskOnce<Answer> {
  server: Server
  access: Access
  clock: Clock
  ask(sender: Sender): Promise<Answer>
}

/** Rejects with whatever error, after 3 s at most. */
export async function askOnce<Answer>(parts: AskOnce<Answer>): Promise<Answer> {
  const { server, access, clock, ask } = parts
  const wire = new RespWire(server, access)
  wire.on('error', () => {})
  const late = clock.after(ANSWER_MS, () => wire.destroy())
  try {
    await wire.connect()
    return await ask(wire)
  } finally {
    late.cancel()
    wire.destroy()
  }
}
