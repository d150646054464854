// The notices of each team: kept here as before, and now also published when they are pinned.
import type { FastifyInstance } from 'fastify'
import { mustHaveSession, teamOf } from './log-in.ts'

interface Notice {
  /** Grows: a page that gets a notice twice shows it once, and in its order. */
  id: number
  text: string
  by: string
}

const NOTICES_MAX = 100

const boards = new Map<string, Notice[]>()
let pinned = 0

const body = {
  type: 'object',
  required: ['text'],
  properties: { text: { type: 'string', minLength: 1, maxLength: 500 } },
} as const

export async function boardRoutes(app: FastifyInstance): Promise<void> {
  app.get('/notices', async (request) => {
    const { user } = mustHaveSession(request)
    return boards.get(teamOf(user) ?? '') ?? []
  })

  app.post<{ Body: { text: string } }>('/notices', { schema: { body } }, async (request, reply) => {
    const { user } = mustHaveSession(request)
    const team = teamOf(user) ?? ''
    pinned += 1
    const notice = { id: pinned, text: request.body.text, by: user }
    boards.set(team, [...(boards.get(team) ?? []), notice].slice(-NOTICES_MAX))
    await app.usher.publish(`board:${team}`, notice)
    return reply.code(201).send(notice)
  })
}
