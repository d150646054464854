// Random lives of rooms and their participants on two nodes whose links to Redis are cut in the
// middle of calls, and whose Redis is killed and comes back with all that it had. Each call is
// tried again until it is answered; then everything is as in the plain model.
import t, { type Test } from 'tap'
import { type Engine, EngineUnavailable } from '../../../src/engine/engine.ts'
import type { AppendOptions } from '../../../src/engine/message-log.ts'
import { engineOn } from '../../../src/engine/redis/engine.ts'
import { Keys } from '../../../src/engine/redis/keys.ts'
import { SingleLink } from '../../../src/engine/redis/single-link.ts'
import { systemRandom } from '../../../src/time/random.ts'
import { systemClock } from '../../../src/time/system-clock.ts'
import { livesAgree } from '../../contract/support/receipt-lives.ts'
import { CutProxy } from '../../support/cut-proxy.ts'
import { Dice } from '../../support/dice.ts'
import { boundsWithin } from '../../support/memory-shares.ts'
import { EVERY_WRITE, startRedis } from '../../support/redis-server.ts'
import { until } from '../../support/until.ts'

const LIVES = 3
const redis = await startRedis(t, EVERY_WRITE)
const dice = new Dice(15, 1)
const blows = { cuts: 0, restarts: 0, again: 0 }

interface Node {
  readonly link: SingleLink
  readonly proxy: CutProxy
}

async function openNode(t: Test, keys: Keys): Promise<Engine> {
  const proxy = new CutProxy(redis.port)
  await proxy.listen()
  const parts = { url: `redis://${proxy.url}`, clock: systemClock, random: systemRandom }
  const link = new SingleLink(parts)
  await link.open()
  const durability = { now: 'disk' as const, close: () => {} }
  const bounds = boundsWithin()
  const engine = await engineOn({ link, durability }, keys, { clock: systemClock, bounds })
  t.teardown(async () => {
    await engine.close()
    proxy.close()
  })
  return struck(engine, { link, proxy })
}

/** Strikes in some calls, once they are on their way. */
async function strike({ proxy }: Node): Promise<void> {
  if (dice.once(4)) await new Promise((resolve) => setImmediate(resolve))
  if (dice.once(120)) {
    blows.restarts += 1
    await redis.kill()
    await redis.start()
  } else if (dice.once(40)) {
    blows.cuts += 1
    proxy.cut()
  }
}

async function answered<Result>(node: Node, call: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      const answer = call()
      const [result] = await Promise.all([answer, strike(node)])
      return result
    } catch (error) {
      if (!(error instanceof EngineUnavailable)) throw error
      blows.again += 1
      await until(() => node.link.away === null, { what: 'the link is back' })
    }
  }
}

/** A message has a key, so that it is kept once; who left was there before the first try. */
function struck(engine: Engine, node: Node): Engine {
  const { log, receipts } = engine
  let messages = 0
  const again = <Store extends object>(store: Store): Store =>
    new Proxy(store, {
      get(_, name) {
        const method = Reflect.get(store, name) as (...args: unknown[]) => Promise<unknown>
        return (...args: unknown[]) => answered(node, () => method.apply(store, args))
      },
    })
  const tried = { log: again(log), receipts: again(receipts) }
  return {
    ...engine,
    log: Object.assign(Object.create(tried.log), {
      append(room: string, draft: Parameters<typeof log.append>[1], options: AppendOptions) {
        messages += 1
        const key = { value: `${messages}`, sender: engine.node }
        return tried.log.append(room, draft, { ...options, key })
      },
    }),
    receipts: Object.assign(Object.create(tried.receipts), {
      async remove(room: string, user: string): Promise<boolean> {
        const wasOne = (await tried.receipts.own(room, user)) !== null
        await tried.receipts.remove(room, user)
        return wasOne
      },
      async move(...args: Parameters<typeof receipts.move>) {
        for (;;) {
          const results = await tried.receipts.move(...args)
          if (!results.some((each) => each instanceof Error)) return results
        }
      },
    }),
  }
}

t.test('receipts are those of the model, whatever is cut off meanwhile', async (t) => {
  const keys = new Keys('cut:')
  const nodes = [await openNode(t, keys), await openNode(t, keys)] as const
  const parts = { nodes, now: () => Date.now(), exactTimes: false }
  await livesAgree(t, parts, { numRuns: LIVES, days: false })
  t.ok(blows.cuts > 0 && blows.restarts > 0 && blows.again > 0, JSON.stringify(blows))
  t.comment(JSON.stringify(blows))
})
