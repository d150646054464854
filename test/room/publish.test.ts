// The one way to publish: which checks a message passes, in which order, and what stays
// synchronous.
import { test } from 'tap'
import { type Appended, type AppendOptions, KeyConflict } from '../../src/engine/message-log.ts'
import { NO_HOLDER } from '../../src/engine/shares.ts'
import { Refusal } from '../../src/protocol/errors.ts'
import { ANONYMOUS, type Identity } from '../../src/protocol/identity.ts'
import type { Draft, Kind } from '../../src/protocol/message.ts'
import { DEFAULT_SCOPES } from '../../src/protocol/scope.ts'
import { permitsBy } from '../../src/room/permission.ts'
import { Publisher, type PublisherParts, type Sender } from '../../src/room/publish.ts'
import { type Authorize, RULE_DEFAULTS, type Rule } from '../../src/room/rule.ts'
import { ephemeralLog } from '../support/ephemeral-log.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { userOf } from '../support/test-rooms.ts'

const SERVER: Identity = { ...ANONYMOUS, proof: 'key', server: 'backend', scopes: DEFAULT_SCOPES }
const DONE: Appended = { position: null, time: 0, repeated: false }

interface Scene {
  rule?: Partial<Rule>
  authorize?: Authorize
  answer?: () => Appended | Promise<Appended>
  parts?: Partial<PublisherParts>
}

/** A publisher whose log records each draft. */
function scene({ rule = {}, authorize, answer = () => DONE, parts = {} }: Scene = {}) {
  const clock = new ManualClock()
  const appended: { draft: Draft; options: AppendOptions }[] = []
  const append = (_: string, draft: Draft, options: AppendOptions) => {
    appended.push({ draft: { ...draft }, options })
    return answer()
  }
  const publisher = new Publisher({
    ...{ log: { ...ephemeralLog(clock), append }, clock, permits: permitsBy(authorize) },
    ...{ messageBytes: 8, observer: null, totals: { published: 0 }, ...parts },
  })
  const room = { name: 'chat:a', rule: { ...RULE_DEFAULTS, match: '*', ...rule } }
  const publish = (sender: Sender, draft: Partial<Draft> = {}, key: string | null = null) => {
    const hello: Draft = {
      kind: 'text',
      payload: Buffer.from('hello'),
      user: null,
      name: null,
      origin: null,
    }
    return publisher.publish(room, sender, { ...hello, ...draft }, key)
  }
  return { publish, appended }
}

const by = (identity: Identity | null): Sender => ({ identity, address: '192.0.2.1' })
const ann = by(userOf('ann'))

/** The status of the refusal, or the result. */
async function statusOf(run: () => unknown): Promise<unknown> {
  try {
    return await run()
  } catch (error) {
    return error instanceof Refusal ? error.reply.status : error
  }
}

test('a room without history answers at once where the rules decide', async (t) => {
  const { publish } = scene()
  t.equal(publish(ann), DONE)
  t.equal(await statusOf(() => publish(by(ANONYMOUS))), 401)
})

test('the sender is filled in, and only a server speaks for a user', async (t) => {
  const { publish, appended } = scene()
  publish(ann)
  publish(by(SERVER))
  publish(by(SERVER), { user: 'bob' })
  publish(by(null), { user: 'bob' })
  const users = appended.map(({ draft }) => draft.user)
  t.same(users, ['ann', null, 'bob', 'bob'])
  for (const user of ['bob', 'ann']) t.equal(await statusOf(() => publish(ann, { user })), 403)
})

test('[S43] a draft takes the parts of its user and address, or the reserve', async (t) => {
  const { publish, appended } = scene({ rule: { publish: ['anyone', 'server'] } })
  for (const identity of [userOf('ann'), SERVER, null]) {
    await publish(by(identity), { user: identity === SERVER ? 'bob' : null }, 'key')
  }
  const kept = scene({ rule: { publish: ['anyone'], history: { messages: 1, ageMs: null } } })
  kept.publish(by(ANONYMOUS))
  const holders = [...appended, ...kept.appended].map(({ options }) => options.holder)
  const address = '192.0.2.1'
  t.same(holders, [
    { user: 'ann', address, server: null },
    { user: null, address: null, server: 'backend' },
    { user: null, address: null, server: 'application' },
    { user: null, address, server: null },
  ])
})

test('a plain message in a room without history asks for no address', async (t) => {
  const { publish, appended } = scene()
  const sender = {
    identity: userOf('ann'),
    get address(): string | null {
      throw new Error('it was asked for')
    },
  }
  publish(sender)
  t.equal(appended[0]?.options.holder, NO_HOLDER)
})

test('an ephemeral message is answered at once and not kept, whatever the rule says', async (t) => {
  const { publish, appended } = scene({ rule: { history: { messages: 1, ageMs: null } } })
  t.equal(publish(ann, { ephemeral: true }), DONE)
  publish(ann)
  const kept = appended.map(({ options }) => [options.retention !== null, options.holder.user])
  t.same(kept, [
    [false, NO_HOLDER.user],
    [true, 'ann'],
  ])
})

test('the rule binds all but the application itself', async (t) => {
  const { publish } = scene({ rule: { publish: [] } })
  for (const identity of [userOf('ann'), SERVER]) {
    t.equal(await statusOf(() => publish(by(identity))), 403)
  }
  t.equal(await statusOf(() => publish(by(null))), DONE)
})

test('size and kind are checked for every sender; a refused message is not counted', async (t) => {
  const totals = { published: 0 }
  const json = scene({ rule: { payload: 'json' }, parts: { totals } })
  const any = scene({ parts: { totals } })
  for (const identity of [userOf('ann'), SERVER, null]) {
    const refused = (of: typeof any, kind: Draft['kind'], payload: Buffer) =>
      statusOf(() => of.publish(by(identity), { kind, payload }))
    t.equal(await refused(any, 'text', Buffer.from('too large')), 413)
    t.equal(await refused(any, 'json', Buffer.from('{')), 400)
    t.equal(await refused(any, 'text', Buffer.from([255])), 400)
    t.equal(await refused(any, 'binary', Buffer.from([255])), DONE)
    t.equal(await refused(json, 'text', Buffer.from('1')), 415)
    t.equal(await refused(json, 'binary', Buffer.from('1')), 415)
    t.equal(await refused(json, 'json', Buffer.from('1')), DONE)
  }
  t.equal(totals.published, 6)
})

test('the rate is taken last, of messages that are well formed, and not for servers', async (t) => {
  const taken: number[] = []
  const rate = {
    take: (bytes: number) => {
      taken.push(bytes)
      return taken.length > 1 ? ('messagesPerSecond' as const) : null
    },
  }
  const { publish, appended } = scene()
  t.equal(await statusOf(() => publish({ ...ann, rate }, { kind: 'json' })), 400)
  t.same(taken, [])
  t.equal(await statusOf(() => publish({ ...ann, rate })), DONE)
  t.equal(await statusOf(() => publish({ ...ann, rate })), 429)
  t.equal(await statusOf(() => publish({ ...by(SERVER), rate })), DONE)
  t.same(taken, [5, 5])
  t.equal(appended.length, 2)
})

test('[C220] a key is one of its sender, and has 1 to 128 visible characters', async (t) => {
  const { publish, appended } = scene({ rule: { publish: ['anyone'] } })
  for (const identity of [userOf('ann'), SERVER, null]) await publish(by(identity), {}, 'key')
  const senders = appended.map(({ options }) => options.key)
  t.same(senders, [
    { value: 'key', sender: 'user ann' },
    { value: 'key', sender: 'server backend' },
    { value: 'key', sender: 'application' },
  ])
  for (const key of ['', 'a b', 'x'.repeat(129), 'ä']) {
    t.equal(await statusOf(() => publish(ann, {}, key)), 400)
  }
  t.equal(await statusOf(() => publish(by(ANONYMOUS), {}, 'key')), 400)
})

test('[C220] a server key has keys of its own for each user it publishes for', async (t) => {
  const { publish, appended } = scene()
  for (const identity of [SERVER, null]) {
    for (const user of ['ann', 'bob']) await publish(by(identity), { user }, 'key')
  }
  const senders = appended.map(({ options }) => options.key?.sender)
  const servers = ['server backend as ann', 'server backend as bob']
  t.same(senders, [...servers, 'application as ann', 'application as bob'])
})

test('a key that was used with another message is a conflict, thrown or rejected', async (t) => {
  const thrown = () => {
    throw new KeyConflict()
  }
  for (const answer of [thrown, () => Promise.reject(new KeyConflict())]) {
    const { publish } = scene({ answer })
    t.equal(await statusOf(() => publish(ann, {}, 'key')), 409)
  }
})

test('a message waits for the application that decides, and its sender is told', async (t) => {
  const answers: ((may: unknown) => void)[] = []
  const authorize = () => new Promise<never>((resolve) => answers.push(resolve as () => void))
  const { publish, appended } = scene({ authorize })
  const begun: Promise<unknown>[] = []
  const sender: Sender = { ...ann, waitFor: (decision) => begun.push(decision) }
  const [yes, no] = [publish(sender), publish(sender)]
  t.equal(appended.length, 0)
  answers[0]?.(true)
  answers[1]?.(false)
  t.equal(await yes, DONE)
  await begun[0]
  t.equal(await statusOf(() => no), 403)
  t.equal(await statusOf(() => begun[1]), 403)
  t.equal(appended.length, 1)
})

test('the next message waits for the decision, and not for the disk', async (t) => {
  const { promise, resolve } = Promise.withResolvers<Appended>()
  const { publish } = scene({ authorize: async () => true, answer: () => promise })
  let begun: Promise<unknown> | undefined
  const published = publish({ ...ann, waitFor: (decision) => (begun = decision) })
  await begun
  resolve(DONE)
  t.equal(await published, DONE)
})

test('anything but true is no, whatever an application answers with', async (t) => {
  const thenable = Object.fromEntries([['then', (tell: (may: boolean) => void) => tell(false)]])
  for (const answer of [false, 1, 'yes', null, undefined, thenable, Promise.resolve(1)]) {
    const { publish } = scene({ authorize: () => answer as boolean })
    t.equal(await statusOf(() => publish(ann)), 403)
  }
})

test('a hook is told once of each accepted message, at once or later', async (t) => {
  const told: (string | null)[] = []
  const observer = {
    joined: () => {},
    left: () => {},
    published: (_: string, { user }: Draft) => told.push(user),
  }
  const answers = [DONE, { ...DONE, repeated: true }]
  for (const answer of [...answers, ...answers.map((given) => Promise.resolve(given))]) {
    await scene({ answer: () => answer, parts: { observer } }).publish(ann)
  }
  t.same(told, ['ann', 'ann'])
})

test('[C114] line ends count against the bytes of their sender', async (t) => {
  const { publish } = scene({ parts: { messageBytes: 100 } })
  const counted: number[] = []
  const rate = {
    take(bytes: number): null {
      counted.push(bytes)
      return null
    },
  }
  const say = (kind: Kind, text: string) =>
    publish({ ...ann, rate }, { kind, payload: Buffer.from(text) })
  say('text', 'hello')
  say('text', 'a\nb\r\nc\r')
  say('json', '[\n1]')
  say('binary', '\n\n\n')
  t.same(counted, [5, 7 + 3 * 6, 4 + 6, 3])
})

test('[C114] a text that grows too much by its line ends is a 413, of any sender', async (t) => {
  const { publish, appended } = scene({ parts: { messageBytes: 100 } })
  const say = (sender: Sender, text: string) =>
    statusOf(() => publish(sender, { payload: Buffer.from(text) }))
  for (const sender of [ann, by(SERVER), by(null)]) {
    t.equal(await say(sender, '\n'.repeat(58)), 413)
    t.equal(await say(sender, '\n'.repeat(57)), DONE)
    t.equal(await say(sender, 'x\n'.repeat(50)), DONE, 'as many letters as line ends are fine')
  }
  t.equal(appended.length, 6)
})
