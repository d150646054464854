// A back end with its own users, tokens and orders. It issues tickets for live rooms, so that a
// phone connects to Usher itself and Usher knows no passwords.
import { randomUUID } from 'node:crypto'
import Fastify, { type FastifyRequest } from 'fastify'
import { usherAt } from './usher.ts'

const { USHER_URL = 'http://localhost:3000', USHER_KEY = '', PORT = '4000' } = process.env

const passwords = new Map(['cora', 'dan', 'eve'].map((name) => [name, 'open sesame']))
const orders = new Map([
  ['17', { customer: 'cora', driver: 'dan' }],
  ['18', { customer: 'eve', driver: 'dan' }],
])
const userOfToken = new Map<string, string>()

const usher = usherAt(USHER_URL, USHER_KEY)
const app = Fastify()

const failure = (statusCode: number, message: string): Error =>
  Object.assign(new Error(message), { statusCode })

function userOf({ headers }: FastifyRequest): string {
  const user = userOfToken.get(headers.authorization?.replace(/^Bearer /, '') ?? '')
  if (user === undefined) throw failure(401, 'Log in first.')
  return user
}

/** The role of a user in an order; 404 also for orders of other users. */
function roleIn(order: string, user: string): 'customer' | 'driver' {
  const { customer, driver } = orders.get(order) ?? {}
  if (user === customer) return 'customer'
  if (user === driver) return 'driver'
  throw failure(404, `You have no order ${order}.`)
}

app.post<{ Body: { name: string; password: string } }>('/login', async (request) => {
  const { name, password } = request.body
  if (passwords.get(name) !== password) throw failure(401, 'That is not the password.')
  const token = randomUUID()
  userOfToken.set(token, name)
  return { token }
})

interface OfOrder {
  Params: { order: string }
}

app.post<OfOrder>('/orders/:order/ticket', async (request) => {
  const { order } = request.params
  const user = userOf(request)
  return usher.ticketFor(user, `order:${order}`, { role: roleIn(order, user) })
})

app.put<OfOrder & { Body: { status: string } }>('/orders/:order/status', async (request) => {
  const { order } = request.params
  const { status } = request.body
  if (roleIn(order, userOf(request)) !== 'driver') throw failure(403, 'Only the driver says so.')
  await usher.publish(`order:${order}`, { status })
  return { status }
})

const url = await app.listen({ port: Number(PORT) })
console.log(`The back end listens at ${url}`)
