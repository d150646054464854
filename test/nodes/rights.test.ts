// A node whose user at Redis has no more rights than docs/scaling.md tells operators to give.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { asServer, call, signedUp } from '../support/people.ts'
import { startRedis } from '../support/redis-server.ts'
import { startNode } from './service.ts'

t.testdir()
const PASSWORD = 'a-password-of-redis'
const redis = await startRedis(t)
const [, line = ''] = /ACL SETUSER usher on >PASSWORD ([^`]+)\n/.exec(
  readFileSync('docs/scaling.md', 'utf8'),
) ?? ['']
await redis.tell('ACL', 'SETUSER', 'usher', 'on', `>${PASSWORD}`, ...line.split(/\s+/))
const node = await startNode(t, `redis://usher:${PASSWORD}@127.0.0.1:${redis.port}`)

t.test('it serves with the rights that the docs name', async (t) => {
  t.ok(line.includes('~usher:*'), 'the docs have the line')
  const person = await signedUp({ url: node.url, keepSecret: () => {} }, 'ann')
  const say = await fetch(`${node.url}/rooms/chat:a/messages`, {
    method: 'POST',
    headers: { ...person.bearer, 'content-type': 'text/plain', 'idempotency-key': 'k' },
    body: 'hello',
  })
  t.equal(say.status, 201)
  for (const path of ['rooms/chat:a/messages', 'rooms/chat:a/members', 'rooms', 'health/ready']) {
    t.equal((await call(`${node.url}/${path}`, 'GET', { headers: asServer })).status, 200, path)
  }
  const ban = await call(`${node.url}/users/${person.user}/ban`, 'PUT', { headers: asServer })
  t.equal(ban.status, 204)
  t.equal((await call(`${node.url}/session`, 'GET', { headers: person.bearer })).status, 401)
})
