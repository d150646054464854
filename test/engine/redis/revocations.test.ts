// Revocations over nodes on Redis: what every engine promises, and what followers are told where
// Redis may have lost some.
import t, { type Test } from 'tap'
import type { Revocation } from '../../../src/protocol/identity.ts'
import { revocationContract } from '../../contract/revocations.ts'
import { type RedisNode, redisSubject } from '../../support/redis-nodes.ts'
import { EVERY_WRITE, startRedis } from '../../support/redis-server.ts'
import { until } from '../../support/until.ts'

const redis = await startRedis(t, EVERY_WRITE)
const { openNodes, subject } = redisSubject(redis)

/** What a node is told, in order; `gap` where some may be lost. */
function told({ revocations }: RedisNode): (Revocation | 'gap')[] {
  const heard: (Revocation | 'gap')[] = []
  revocations.follow(
    (revocation) => heard.push(revocation),
    () => heard.push('gap'),
  )
  return heard
}

async function untilBack(...nodes: RedisNode[]): Promise<void> {
  await until(() => nodes.every(({ link }) => link.away === null), { what: 'the links are back' })
}

t.test('the contract', async (t: Test) => revocationContract(t, subject))

t.test('a node that opens later is told only what is revoked from then on', async (t) => {
  const [one] = await openNodes(t)
  await one.revocations.revoke({ user: 'u_1' })
  const late = await one.another(t)
  const heard = told(late)
  await one.revocations.revoke({ user: 'u_2' })
  await until(() => heard.length > 0)
  t.same(heard, [{ user: 'u_2' }])
})

t.test('a revocation whose message was missed is told within a second or so', async (t) => {
  const [one, other] = await openNodes(t)
  const heard = told(other)
  const stream = other.keys.shared('{revocations}:s')
  await one.link.send(stream, ['XADD', stream, '*', 'r', '{"user":"u_1"}'])
  await until(() => heard.length > 0)
  t.same(heard, [{ user: 'u_1' }])
})

t.test('a node whose link broke goes on after the last one, without a gap', async (t) => {
  const [one, other] = await openNodes(t)
  const heard = told(other)
  const many = Array.from({ length: 1_200 }, (_, i) => ({ user: `u_${i}` }))
  const mend = other.link.cut()
  await Promise.all(many.map((revocation) => one.revocations.revoke(revocation)))
  mend()
  await until(() => heard.length === many.length, { what: 'all are told' })
  t.same(heard, many)
})

t.test('where so many were stored meanwhile that some are gone, it is told of a gap', async (t) => {
  const [one, other] = await openNodes(t)
  const heard = told(other)
  await one.revocations.revoke({ user: 'u_0' })
  await until(() => heard.length === 1)
  const mend = other.link.cut()
  for (let i = 1; i < 10; i += 1) await one.revocations.revoke({ user: `u_${i}` })
  const stream = one.keys.shared('{revocations}:s')
  await one.link.send(stream, ['XTRIM', stream, 'MAXLEN', '2'])
  mend()
  await until(() => heard.length === 4, { what: 'it is told what is left' })
  t.same(heard, [{ user: 'u_0' }, { user: 'u_8' }, { user: 'u_9' }, 'gap'])
})

t.test('a restart of Redis, with its data or without, is a gap for every node', async (t) => {
  const nodes = await openNodes(t)
  const [one, other] = nodes
  const heard = nodes.map(told)
  await one.revocations.revoke({ user: 'u_1' })
  await until(() => heard.every(({ length }) => length === 1))
  await redis.kill()
  await t.rejects(one.revocations.revoke({ user: 'u_2' }), { name: 'EngineUnavailable' })
  await redis.start()
  await until(() => heard.every(({ length }) => length === 2), { what: 'the first gap' })
  await redis.kill()
  await redis.forget()
  await redis.start()
  await until(() => heard.every(({ length }) => length === 3), { what: 'the second gap' })
  await untilBack(...nodes)
  await other.revocations.revoke({ user: 'u_3' })
  await until(() => heard.every(({ length }) => length === 4), { what: 'what comes after it' })
  for (const each of heard) t.same(each, [{ user: 'u_1' }, 'gap', 'gap', { user: 'u_3' }])
})
