// An application with its own users and log-in, and Usher's chat for them under /chat.
import { randomBytes, randomUUID, scryptSync, timingSafeEqual } from 'node:crypto'
import cookie from '@fastify/cookie'
import Fastify, { type FastifyRequest } from 'fastify'
import { usher } from 'fastify-usher'

interface Session {
  id: string
  user: string
}

const hash = (password: string): Buffer => scryptSync(password, 'this chat', 32)
const users = new Map([
  ['ann', { name: 'Ann', team: 'red', password: hash('open sesame') }],
  ['ben', { name: 'Ben', team: 'red', password: hash('open sesame') }],
  ['eve', { name: 'Eve', team: 'blue', password: hash('open sesame') }],
])
const sessions = new Map<string, Session>()

function secretOf(request: FastifyRequest): string {
  const { valid, value } = request.unsignCookie(request.cookies.sid ?? '')
  return valid ? value : ''
}

function sessionOf(request: FastifyRequest): Session | null {
  return sessions.get(secretOf(request)) ?? null
}

const app = Fastify({ logger: true, routerOptions: { maxParamLength: 256 } })
await app.register(cookie, {
  secret: process.env.COOKIE_SECRET ?? randomBytes(32).toString('hex'),
})

// The chat sends whom it does not know to the log-in of this application.
app.addHook('onRequest', async (request, reply) => {
  const isChat = request.url.split('?')[0] === '/chat/'
  if (isChat && sessionOf(request) === null) return reply.redirect('/')
})

await app.register(usher, {
  ...{ prefix: '/chat', pages: true, data: process.env.USHER_DATA ?? './data' },
  identity(request) {
    const session = sessionOf(request)
    const info = { name: users.get(session?.user ?? '')?.name }
    return session && { user: session.user, session: session.id, info }
  },
  authorize: ({ user }, _action, room) => room === `chat:${users.get(user ?? '')?.team}`,
})

// What the chat asks: who is here, and to log out.
app.get('/chat/session', async (request, reply) => {
  const session = sessionOf(request)
  if (session === null) return reply.code(401).send({ message: 'Log in first.' })
  const username = users.get(session.user)?.name
  return { user: session.user, username, account: false }
})
app.delete('/chat/session', async (request, reply) => {
  const session = sessionOf(request)
  sessions.delete(secretOf(request))
  if (session) await app.usher.disconnect({ session: session.id })
  return reply.clearCookie('sid', { path: '/' }).code(204).send()
})

app.post<{ Body: { user: string; password: string } }>('/login', async (request, reply) => {
  const { user, password } = request.body
  const known = users.get(user)
  if (!known || !timingSafeEqual(known.password, hash(password))) {
    return reply.code(401).send({ message: 'That is not the password.' })
  }
  const secret = randomUUID()
  sessions.set(secret, { id: randomUUID(), user })
  // Behind https, add `secure: true`.
  const kept = { path: '/', httpOnly: true, sameSite: 'lax', signed: true } as const
  return reply.setCookie('sid', secret, kept).send({ room: `chat:${known.team}` })
})

app.get('/', (_request, reply) => {
  return reply.type('text/html').send(`<!doctype html><title>Log in</title>
    <form><input name="user"> <input name="password" type="password"> <button>Log in</button></form>
    <script type="module">
      document.forms[0].onsubmit = async (event) => {
        event.preventDefault()
        const body = JSON.stringify(Object.fromEntries(new FormData(event.target)))
        const headers = { 'content-type': 'application/json' }
        const answer = await fetch('login', { method: 'POST', headers, body })
        const { room, message } = await answer.json()
        if (answer.ok) location = 'chat/#room=' + room
        else alert(message)
      }
    </script>`)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => app.close())
await app.listen({ port: Number(process.env.PORT ?? 3000) })
