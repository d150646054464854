// What any REST publish on Fastify costs at least: check the JWT and the body, and answer.
import jwt from '@fastify/jwt'
import Fastify from 'fastify'

const app = Fastify()
await app.register(jwt, {
  secret: 'the secret of a control, which protects nothing',
  sign: { algorithm: 'HS256', expiresIn: '15m', iss: 'usher', aud: 'usher' },
  verify: { algorithms: ['HS256'], allowedIss: 'usher', allowedAud: 'usher', cache: false },
})

app.get('/token', async () => app.jwt.sign({ sub: 'u_bench', sid: 's_bench' }))

// Usher passes bytes on and only checks that they are JSON; so does this.
app.removeContentTypeParser('application/json')
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
  done(null, body),
)

app.post('/publish', async (request, reply) => {
  await request.jwtVerify()
  JSON.parse(String(request.body))
  return reply.code(201).send({ room: 'bench:0', time: Date.now() })
})

console.log('listening', new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port)
