// All nodes of a service are replaced, one after the other, behind a proxy, while people talk.
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { startNode, startService } from '../nodes/service.ts'
import { asServer, signedUp } from '../support/people.ts'
import { until } from '../support/until.ts'
import { lookingProxy } from './looking-proxy.ts'
import { Mover, type MoverOptions, RichWay, StreamWay } from './movers.ts'

t.testdir()
const ROOM = 'chat:rolling'
const BETWEEN_MS = 10
/** As it is where no operator says otherwise. */
const DRAIN = { USHER_DRAIN_SECONDS: '5' }

const { redis, nodes } = await startService(t, 3, DRAIN)
const proxy = await lookingProxy(
  t,
  nodes.map(({ url }) => url),
)
const { url } = proxy
const person = await signedUp({ url, keepSecret: () => {} }, 'ann')

async function publish(text: string): Promise<string> {
  const headers = { ...asServer, 'idempotency-key': text, 'content-type': 'application/json' }
  const body = JSON.stringify(text)
  const answer = await fetch(`${url}/rooms/${ROOM}/messages`, { method: 'POST', headers, body })
  await answer.text()
  return String(answer.status)
}

/** Says one thing after the other. */
class Talk {
  readonly said: string[] = []
  readonly failures: string[] = []
  #isOver = false
  readonly #ended = this.#go()

  async end(): Promise<void> {
    this.#isOver = true
    await this.#ended
  }

  async #go(): Promise<void> {
    for (let n = 1; !this.#isOver; n += 1) {
      const text = `message-${n}`
      await until(() => this.#isKept(text), { what: `${text} is kept` })
      this.said.push(text)
      await pause(BETWEEN_MS)
    }
  }

  async #isKept(text: string): Promise<boolean> {
    const status = await publish(text).catch(({ message }: Error) => message)
    if (status !== '201' && status !== '200') this.failures.push(status)
    return status === '201' || status === '200'
  }
}

t.test(
  '[C361] in a rolling restart no client meets a closed port, and none misses a word',
  async (t) => {
    t.testdir()
    const options: MoverOptions = { url, room: ROOM, person }
    const ways = [0, 1, 2].flatMap(() => [
      ...[new RichWay(options), new RichWay(options)],
      new StreamWay(options),
    ])
    const members = ways.map((way) => new Mover(way))
    const stop = () => {
      for (const member of members) member.stop()
    }
    t.teardown(stop)
    const staying = members.map((member) => member.stay())
    await until(() => ways.every(({ isThere }) => isThere), { what: 'all are there' })
    const talk = new Talk()
    for (const node of nodes) {
      const [successor, code] = await Promise.all([
        startNode(t, redis.url, DRAIN),
        node.end('SIGTERM'),
      ])
      t.equal(code, 0)
      await proxy.add(successor.url)
    }
    await talk.end()
    const { said, failures } = talk
    const heardAll = () => ways.every(({ heard }) => heard.length >= said.length)
    await until(heardAll, { what: `all have heard ${said.length} messages` })
    stop()
    await Promise.all(staying)

    t.same(proxy.closedPorts, [], 'no connection came to a closed port')
    t.same(failures, [], 'every message was taken at once')
    for (const { way, ends } of members) {
      t.same(way.heard, said)
      t.ok(ends.length > 0, 'it moved')
      t.same(
        ends.filter((end) => end !== '3001' && end !== 'the stream ended'),
        [],
      )
    }
  },
)
