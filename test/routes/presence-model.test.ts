// Presence over real ports: connections end in every way, and the list is the model's.
import { type Test, test } from 'tap'
import { type StartedApp, startApp } from '../support/app.ts'
import { type Client, connect } from '../support/client.ts'
import { Dice } from '../support/dice.ts'
import { FakeMember } from '../support/fake-member.ts'
import { asServer, call, ticketOf } from '../support/people.ts'
import { presentByTold, telling } from '../support/presence-node.ts'
import { ruled } from '../support/settings.ts'
import { until } from '../support/until.ts'

const USERS = ['ann', 'bob', 'cleo', 'dan']
const PATH = '/rooms/chat:a'
const STEPS = 120

interface Present {
  user: string
  client: Client
}

class Crowd {
  readonly present: Present[] = []
  readonly #usher: StartedApp
  readonly #dice = new Dice(13, 0)

  constructor(usher: StartedApp) {
    this.#usher = usher
  }

  async step(): Promise<void> {
    const dice = this.#dice
    const { length } = this.present
    if (length === 0 || (length < 12 && !dice.once(3))) return this.#join(dice.pick(USERS))
    const user = await this.#end()
    if (dice.once(2)) await this.#join(user)
  }

  /** Each user and its connections, as the list must have them. */
  get wanted(): string[] {
    const counts = Map.groupBy(this.present, ({ user }) => user)
    return [...counts].map(([user, all]) => `${user} ${all.length}`).toSorted()
  }

  async #join(user: string): Promise<void> {
    const ticket = await ticketOf(this.#usher, asServer, { user })
    const client = await connect(`${this.#usher.url}${PATH}?ticket=${ticket}`)
    this.present.push({ user, client })
  }

  /** Closed by the client, cut, or sent out by an operator, with all that the user has there. */
  async #end(): Promise<string> {
    const dice = this.#dice
    const { user, client } = dice.pick(this.present)
    const how = dice.below(3)
    if (how === 0) await client.close()
    else if (how === 1) client.ws.terminate()
    else await call(`${this.#usher.url}${PATH}/members/${user}`, 'DELETE', { headers: asServer })
    const ended = this.present.filter((one) =>
      how === 2 ? one.user === user : one.client === client,
    )
    for (const one of ended) this.present.splice(this.present.indexOf(one), 1)
    return user
  }
}

/** Hears all that is told in the room, and does not appear itself. */
async function witnessIn({ app }: StartedApp, t: Test): Promise<FakeMember> {
  const identity = { server: 'witness', proof: 'key' } as const
  const witness = new FakeMember({ format: telling, identity })
  const rule = app.rooms.ruleOf('chat:a')
  if (rule === null) throw new Error('the room has a rule')
  const { room } = await app.rooms.open('chat:a', rule)
  room.join(witness)
  t.teardown(() => room.leave(witness))
  return witness
}

test('connections are cut, closed and sent out over real ports: the list is right', async (t) => {
  const usher = await startApp(t, ruled({ match: '*', presence: 'members' }))
  const crowd = new Crowd(usher)
  const witness = await witnessIn(usher, t)
  const found = async (): Promise<string[]> => {
    const { body } = await call(`${usher.url}${PATH}/members`, 'GET', { headers: asServer })
    const members: { user: string; connections: number }[] = body.members
    return members.map(({ user, connections }) => `${user} ${connections}`).toSorted()
  }
  for (let step = 0; step < STEPS; step += 1) {
    await crowd.step()
    const what = `the list after step ${step}`
    await until(async () => String(await found()) === String(crowd.wanted), { what })
    const isTold = () => presentByTold(witness).length === crowd.present.length
    await until(isTold, { what: `what was told, after step ${step}` })
  }
  for (const { client } of crowd.present) client.ws.terminate()
  await until(async () => (await found()).length === 0)
  t.same(presentByTold(witness), [])
})
