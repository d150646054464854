// An application's hooks may answer for Usher's routes, and change what these answer: that reaches
// the client as the application wrote it, whatever the schemas of those routes say.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { test } from 'tap'
import { asServer } from '../support/people.ts'
import { makeHost } from './host.ts'

const ROUTE = '/rt/rooms/chat:a'
const STATUSES = [200, 201, 302, 400, 401, 403, 404, 409, 429, 500, 503]
const ANSWERS = {
  'with fields of its own': { mine: 'no', because: ['x'] },
  'with our fields and more': { error: 'theirs', code: 7, message: 'no', hint: { mine: 1 } },
}

type Hook = 'onRequest' | 'preValidation' | 'preHandler'

function answering(hook: Hook) {
  const answer = async ({ headers }: FastifyRequest, reply: FastifyReply) => {
    const { 'x-status': status, 'x-body': body } = headers
    if (typeof status !== 'string' || typeof body !== 'string') return
    return reply.code(Number(status)).send(JSON.parse(body))
  }
  return (app: FastifyInstance): unknown => app.addHook(hook as 'onRequest', answer)
}

for (const hook of ['onRequest', 'preValidation', 'preHandler'] as const) {
  test(`an answer of an application's ${hook} reaches the client as it is`, async (t) => {
    const app = await makeHost(t, { before: answering(hook) })
    for (const [what, answer] of Object.entries(ANSWERS)) {
      for (const status of STATUSES) {
        const headers = {
          ...{ ...asServer, 'x-status': String(status), 'x-body': JSON.stringify(answer) },
        }
        const { statusCode, body } = await app.inject({ url: ROUTE, headers })
        t.same([statusCode, JSON.parse(body)], [status, answer], `${status} ${what}`)
      }
    }
    t.equal((await app.inject({ url: ROUTE, headers: asServer })).statusCode, 200)
  })
}

test("what an application's hook makes of our answer is written as it is", async (t) => {
  const app = await makeHost(t, {
    before: (app) => app.addHook('preSerialization', async (_request, _reply, ours) => ({ ours })),
  })
  const { statusCode, body } = await app.inject({ url: ROUTE, headers: asServer })
  t.match([statusCode, JSON.parse(body)], [200, { ours: { room: 'chat:a', offset: 0 } }])
})
