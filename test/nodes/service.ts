// A service of several nodes for a test: processes of their own, with one Redis and one secret.
import type { Test } from 'tap'
import { SERVER_KEY } from '../support/app.ts'
import { makeUser } from '../support/redis-rights.ts'
import { EVERY_WRITE, type RedisServer, startRedis } from '../support/redis-server.ts'
import { type ServerProcess, startServer } from '../support/server-process.ts'

export const SECRET = 'the-root-secret-of-all-nodes-of-a-test'

export interface Service {
  readonly redis: RedisServer
  readonly nodes: readonly ServerProcess[]
}

/** With the rights that docs/scaling.md gives. Needs `t.testdir()` first. */
export async function startService(
  t: Test,
  count: number,
  env: Record<string, string> = {},
): Promise<Service> {
  const redis = await startRedis(t, EVERY_WRITE)
  const url = `redis://${await makeUser(redis)}@127.0.0.1:${redis.port}`
  const nodes = Array.from({ length: count }, () => startNode(t, url, env))
  return { redis, nodes: await Promise.all(nodes) }
}

export function startNode(
  t: Test,
  redisUrl: string,
  env: Record<string, string> = {},
): Promise<ServerProcess> {
  const shared = { USHER_REDIS_URL: redisUrl, USHER_SECRET: SECRET, PORT: '0' }
  return startServer(t, { ...shared, USHER_API_KEYS: `backend:${SERVER_KEY}`, ...env })
}
