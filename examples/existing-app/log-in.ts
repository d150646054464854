// The log-in of the application: its own users, and sessions behind a signed cookie.
import { randomUUID, scryptSync, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'

interface User {
  team: string
  password: Buffer
}

export interface Session {
  /** Not the secret in the cookie, so that other services such as Usher may know it. */
  id: string
  user: string
}

const COOKIE = 'board'
const DAY_SECONDS = 86_400

const hash = (password: string, name: string): Buffer => scryptSync(password, `board ${name}`, 32)
const newUser = (name: string, team: string): [string, User] => {
  return [name, { team, password: hash('open sesame', name) }]
}
const users = new Map([newUser('ann', 'red'), newUser('ben', 'red'), newUser('eve', 'blue')])
const sessions = new Map<string, Session>()

export function teamOf(user: string): string | undefined {
  return users.get(user)?.team
}

export function sessionOf(request: FastifyRequest): Session | null {
  const secret = secretOf(request)
  return (secret !== null && sessions.get(secret)) || null
}

/** The session, or an error of this application's own kind. */
export function mustHaveSession(request: FastifyRequest): Session {
  const session = sessionOf(request)
  if (session) return session
  throw Object.assign(new Error('Log in first.'), { statusCode: 401 })
}

function secretOf(request: FastifyRequest): string | null {
  const { valid, value } = request.unsignCookie(request.cookies[COOKIE] ?? '')
  return valid ? value : null
}

const credentials = {
  type: 'object',
  required: ['name', 'password'],
  properties: { name: { type: 'string' }, password: { type: 'string', maxLength: 256 } },
} as const

interface Credentials {
  Body: { name: string; password: string }
}

export async function logInRoutes(app: FastifyInstance): Promise<void> {
  app.post<Credentials>('/login', { schema: { body: credentials } }, async (request, reply) => {
    const { name, password } = request.body
    const user = users.get(name)
    if (!user || !timingSafeEqual(user.password, hash(password, name))) {
      throw Object.assign(new Error('That is not the password.'), { statusCode: 401 })
    }
    const secret = randomUUID()
    sessions.set(secret, { id: randomUUID(), user: name })
    // Behind https, add `secure: true`.
    const kept = { path: '/', httpOnly: true, sameSite: 'lax', maxAge: DAY_SECONDS } as const
    reply.setCookie(COOKIE, secret, { ...kept, signed: true })
    return { user: name, team: user.team }
  })

  app.post('/logout', async (request, reply) => {
    const { id } = mustHaveSession(request)
    sessions.delete(secretOf(request) ?? '')
    await app.usher.disconnect({ session: id })
    reply.clearCookie(COOKIE, { path: '/' })
    return { user: null }
  })
}
