// Moving a service to Redis, from there to SQLite, and to another Redis.
import t from 'tap'
import { archiveContract } from '../../contract/archive.ts'
import { redisPlaceAt, sqlitePlace } from '../../support/archive-places.ts'
import { makeUser, refusedOn } from '../../support/redis-rights.ts'
import { startRedis } from '../../support/redis-server.ts'

const redis = await startRedis(t)
const redisPlace = redisPlaceAt(`redis://${await makeUser(redis)}@127.0.0.1:${redis.port}`)

t.test('from SQLite to Redis', async (t) => {
  archiveContract(t, { from: sqlitePlace, to: redisPlace, keepsEpochs: true })
})

t.test('from Redis to Redis', async (t) => {
  archiveContract(t, { from: redisPlace, to: redisPlace, keepsEpochs: true })
})

t.test('from Redis to SQLite', async (t) => {
  archiveContract(t, { from: redisPlace, to: sqlitePlace, keepsEpochs: false })
})

t.test('the rights that docs/scaling.md gives are enough', async (t) => {
  t.same(await refusedOn(redis), [])
})
