// Every frame of a long random run in a real app, read by a reader made from the RFC alone, in
// reads of several sizes, and by Python's websockets. Compression is offered throughout, and never
// taken.
import { createHash } from 'node:crypto'
import { type Test, test } from 'tap'
import { PROGRAMS } from '../../scripts/programs.ts'
import { run } from '../interop/credential-ways.ts'
import { startApp } from '../support/app.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { asServer, call } from '../support/people.ts'
import { limited, ruled, UNLIMITED } from '../support/settings.ts'
import { until } from '../support/until.ts'
import { type Crowd, Play, type Said, speakerOf } from './crowd.ts'
import { type StrictClient, strictConnect } from './strict-client.ts'

const SEED = Number(process.env.SEED ?? 20_261_123)
const STEPS = Number(process.env.STEPS ?? 2_000)
const END = { kind: 'text', payload: Buffer.from('the end') } as const
const READ_BYTES = [65_536, 1_000, 7]
const MEBIBYTES_256 = 268_435_456

const LIMITS = limited({
  ...UNLIMITED,
  messageBytes: 70_000,
  // A test moves the clock, so by that clock clients that read in small pieces are slow.
  outboxSeconds: 1_000_000,
  outboxBytes: MEBIBYTES_256,
})
const RULES = ruled(
  { match: 'live:*' },
  { match: 'chat:*', history: { messages: 1_000_000, ageMs: null } },
)

async function crowdIn(t: Test, room: string): Promise<Crowd> {
  const clock = new ManualClock()
  const heartbeat = { pingSeconds: 1, pongSeconds: 3_600 }
  const config = { ...LIMITS, ...RULES, heartbeat, logLevel: 'silent' }
  return { usher: await startApp(t, config, { clock }), clock, room, seed: SEED }
}

function listen({ usher, room }: Crowd, readBytes: number): Promise<StrictClient> {
  return strictConnect(usher.url, `/rooms/${room}`, { headers: asServer, readBytes })
}

/** Starts the second opinion, which has joined when the room has one member more. */
async function listenByPython({ usher, room }: Crowd): Promise<{ printed: Promise<string> }> {
  const url = `${usher.url}/rooms/${room}`
  const members = async () => (await call(url, 'GET', { headers: asServer })).body.members
  const before = await members()
  const todo = { url: url.replace('http', 'ws'), headers: asServer, end: String(END.payload) }
  const program = `${import.meta.dirname}/listener.py`
  const printed = run(PROGRAMS.websockets, [program, JSON.stringify(todo)])
  await until(async () => (await members()) > before)
  return { printed }
}

function digestOf(said: readonly Said[]): string {
  const digest = createHash('sha256')
  for (const { kind, payload } of said) {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(payload.length)
    digest
      .update(Buffer.from([kind === 'text' ? 1 : 2]))
      .update(length)
      .update(payload)
  }
  return digest.digest('hex')
}

/** All members heard the same: the messages of each speaker, in their order. */
async function compare(t: Test, play: Play, members: readonly StrictClient[]): Promise<void> {
  await until(() =>
    members.every(({ reader, ended }) => reader.messages.length >= play.count || ended),
  )
  const digests = members.map(({ reader }) => digestOf(reader.messages))
  t.equal(new Set(digests).size, 1, `${members.length} members heard the same`)
  const heard = members[0]?.reader.messages ?? []
  t.equal(heard.length, play.count, `${play.count} messages, none missing and none twice`)
  for (const [speaker, said] of play.said.entries()) {
    const theirs = heard.filter((message) => speakerOf(message) === speaker)
    t.equal(digestOf(theirs), digestOf(said), `speaker ${speaker}, ${said.length} messages`)
  }
  t.notOk(
    heard.some(({ frames }) => frames !== 1),
    'each in one frame',
  )
  for (const { reader } of members) t.equal(reader.violation, null)
}

/** A member goes on speaking; all are closed with 3001 and get nothing more. */
async function shutDown(t: Test, { usher, clock }: Crowd, members: readonly StrictClient[]) {
  let isClosed = false
  const closed = usher.app.close().then(() => {
    isClosed = true
  })
  const [speaker] = members
  while (!isClosed) {
    if (speaker?.socket.writable) speaker.send({ opcode: 1, payload: 'still here' })
    await clock.advance(10)
    await new Promise(setImmediate)
  }
  await closed
  for (const member of members) {
    t.same(await member.closing(), { code: 3_001, reason: 'shutdown' })
    await member.gone()
    t.equal(member.reader.violation, null, 'nothing follows a close frame')
    t.ok(member.reader.betweenFrames, 'and no frame was cut')
  }
}

for (const room of ['live:long', 'chat:long']) {
  test(`[C42] [C47] ${STEPS} steps in ${room} from seed ${SEED}`, async (t) => {
    const crowd = await crowdIn(t, room)
    const listeners = await Promise.all(READ_BYTES.map((bytes) => listen(crowd, bytes)))
    const play = await Play.open(crowd)
    const members = [...listeners, ...play.speakers]
    const python = await listenByPython(crowd)
    for (let step = 0; step < STEPS; step += 1) await play.step()
    await play.visitorsGone()
    await until(() => (listeners[0]?.reader.messages.length ?? 0) >= play.count)
    play.say(0, END)
    await compare(t, play, members)
    t.same(play.wrongs, [], `${play.visits} visitors came and went`)
    t.ok(play.visits > 0)
    t.same(play.unanswered(), [], 'every ping was answered, in order')
    const pings = listeners.map(({ reader }) => reader.controls.filter((c) => c.name === 'ping'))
    for (const { length } of pings) t.not(length, 0, 'and the server sent some of its own')
    const digest = digestOf(listeners[0]?.reader.messages ?? [])
    const opinion = { count: play.count, digest, extensions: 0, closed: 1000 }
    t.same(JSON.parse(await python.printed), opinion, "Python's websockets heard the same")
    await shutDown(t, crowd, members)
  })
}
