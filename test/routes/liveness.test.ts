// Dead, slow and expired connections are found and ended, and delay no other client.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Test, test } from 'tap'
import { type StartedApp, startApp } from '../support/app.ts'
import { type Client, connect, rawSocket, upgradeRequest } from '../support/client.ts'
import { clientFrame, OPCODE } from '../support/frames.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { nothingLeft } from '../support/nothing-left.ts'
import { asServer, ticketOf } from '../support/people.ts'
import { RawClient, rawConnect } from '../support/raw-client.ts'
import { limited, ruled, UNLIMITED } from '../support/settings.ts'
import { closed, until } from '../support/until.ts'

const ROOM = '/rooms/chat:a'
const QUICK = { heartbeat: { pingSeconds: 1, pongSeconds: 1 } }
const SELDOM = { pingSeconds: 25, pongSeconds: 1_000 }

function member({ url }: StartedApp): Promise<Client> {
  return connect(url + ROOM, { headers: asServer })
}

/** The lines of the log about connections that ended. */
function farewells({ log }: StartedApp): { code: number; byServer: boolean }[] {
  const lines = log()
    .split('\n')
    .filter((line) => line.includes('"connection closed"'))
  return lines.map((line) => JSON.parse(line))
}

/** A client in a process of its own, which prints when it is open. */
async function clientProcess(t: Test, url: string) {
  const { NODE_OPTIONS: _, ...env } = process.env
  const script = `
    const ws = new WebSocket(${JSON.stringify(url.replace('http', 'ws'))})
    ws.onopen = () => console.log('open')
  `
  const child = spawn(process.execPath, ['-e', script], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child
}

test('[C181] a client whose process is stopped is dropped, and others stay', async (t) => {
  const usher = await startApp(t, QUICK)
  const bob = await member(usher)
  const ticket = await ticketOf(usher, asServer, { user: 'ann' })
  const child = await clientProcess(t, `${usher.url}${ROOM}?ticket=${ticket}`)
  t.equal(usher.app.connections.size, 2)
  child.kill('SIGSTOP')
  await until(() => usher.app.connections.size === 1)
  t.match(farewells(usher), [{ code: 3012, byServer: true }])
  t.equal(bob.ws.readyState, bob.ws.OPEN)
  await bob.close()
  await nothingLeft(usher.app)
})

test('[C181] a client that answers is pinged again and again, and stays', async (t) => {
  const usher = await startApp(t, QUICK)
  const bob = await member(usher)
  for (let pings = 0; pings < 3; pings += 1) await once(bob.ws, 'ping')
  t.equal(bob.ws.readyState, bob.ws.OPEN)
})

test('[C181] a client that sends one long message slowly is not taken for dead', async (t) => {
  const usher = await startApp(t, QUICK)
  const bob = await member(usher)
  const slow = await rawConnect(usher.url, ROOM, asServer)
  const bytes = clientFrame({ opcode: 1, payload: 'slowly' })
  const pings = () => slow.frames.filter(({ opcode }) => opcode === OPCODE.ping).length
  let sent = 0
  const send = (count: number) => {
    slow.socket.write(bytes.subarray(sent, sent + count))
    sent += count
  }
  // One byte for each ping, and the pongs would have to wait behind the last.
  for (let seen = 1; seen <= 4; seen += 1) {
    await until(() => pings() >= seen || slow.ended)
    send(1)
  }
  send(bytes.length)
  t.equal(await bob.text(), 'slowly')
  t.notOk(slow.ended)
  slow.socket.destroy()
})

test('[C181] a client that does not answer pings is told 3012', async (t) => {
  const usher = await startApp(t, QUICK)
  const mute = await rawConnect(usher.url, ROOM, asServer)
  t.same(await mute.closing(), { code: 3012, reason: 'no pong' })
  await nothingLeft(usher.app)
})

/** A member that joins and then reads nothing. */
async function stuckMember({ url }: StartedApp): Promise<RawClient> {
  const client = new RawClient(await rawSocket(url))
  client.socket.write(upgradeRequest(ROOM, asServer))
  await client.status()
  client.socket.pause()
  return client
}

const BIG = 'x'.repeat(65_000)

/** Ann sends, and Bob must get each message, until `done`. Returns the number of messages. */
async function talkUntil(ann: Client, bob: Client, done: () => boolean): Promise<number> {
  let said = 0
  while (!done()) {
    said += 1
    ann.send(`${said} ${BIG}`)
    const [heard, echoed] = [await bob.text(), await ann.text()]
    if (heard !== echoed || !heard.startsWith(`${said} `)) throw new Error(`lost at ${said}`)
  }
  return said
}

test('[C61] a reader that stops reading is cut with 3008, and others get everything', async (t) => {
  const usher = await startApp(t, limited(UNLIMITED))
  const [ann, bob] = [await member(usher), await member(usher)]
  const stuck = await stuckMember(usher)
  const said = await talkUntil(ann, bob, () => usher.app.connections.size === 2)
  t.match(farewells(usher), [{ code: 3008, byServer: true }])
  t.ok(said * BIG.length > 1_048_576, 'not before more than outboxBytes waited')
  let more = 3
  await talkUntil(ann, bob, () => more-- === 0)
  t.equal(bob.ws.readyState, bob.ws.OPEN)
  stuck.socket.destroy()
  await Promise.all([ann.close(), bob.close()])
  await nothingLeft(usher.app)
})

test('[C61] bytes that wait too long cut a reader too, however few they are', async (t) => {
  const clock = new ManualClock()
  const patient = limited({ ...UNLIMITED, outboxBytes: 100_000_000 })
  const usher = await startApp(t, { ...patient, heartbeat: SELDOM }, { clock })
  const [ann, bob] = [await member(usher), await member(usher)]
  const stuck = await stuckMember(usher)
  await talkUntil(ann, bob, () => usher.app.connections.slowReaders.size > 0)
  await clock.advance(14_000)
  t.same(farewells(usher), [])
  await clock.advance(2_000)
  await until(() => usher.app.connections.size === 2)
  t.match(farewells(usher), [{ code: 3008, byServer: true }])
  stuck.socket.destroy()
  await Promise.all([ann.close(), bob.close()])
  await nothingLeft(usher.app)
})

test('[C61] [C62] a reader that reads nothing and half-closes is ended all the same', async (t) => {
  const usher = await startApp(t, { ...limited(UNLIMITED), ...QUICK })
  const [ann, bob] = [await member(usher), await member(usher)]
  const stuck = await stuckMember(usher)
  await talkUntil(ann, bob, () => usher.app.connections.slowReaders.size > 0)
  stuck.socket.end()
  await until(() => usher.app.connections.size === 2)
  t.equal(usher.app.connections.connectionLimits.taken, 2)
  stuck.socket.destroy()
  await Promise.all([ann.close(), bob.close()])
  await nothingLeft(usher.app)
})

test('[C62] a client that does not answer a close is ended by the server', async (t) => {
  const usher = await startApp(t, ruled({ match: '*', publish: [] }))
  const mute = await rawConnect(usher.url, ROOM, asServer)
  const ended = closed(mute.socket)
  mute.send({ opcode: 1, payload: 'I may not' })
  t.same(await mute.closing(), { code: 3507, reason: 'permission denied' })
  await ended
  await nothingLeft(usher.app)
})

test('[C62] a client that closes and then keeps TCP open is ended by the server', async (t) => {
  const usher = await startApp(t)
  const mute = new RawClient(await rawSocket(usher.url))
  mute.socket.allowHalfOpen = true
  mute.socket.write(upgradeRequest(ROOM, asServer))
  await mute.status()
  mute.send({ opcode: 8, payload: Buffer.from([3, 232]) })
  t.match(await mute.closing(), { code: 1000 })
  await nothingLeft(usher.app)
  mute.socket.destroy()
})

test('a close by the client is answered with its own code', async (t) => {
  const usher = await startApp(t)
  const bob = await member(usher)
  t.same(await bob.close(), { code: 1000, reason: 'done' })
  await nothingLeft(usher.app)
  t.match(farewells(usher), [{ code: 1000, byServer: false }])
})

test('[C63] [C21] a connection whose identity runs out is closed with 3005', async (t) => {
  const clock = new ManualClock()
  const usher = await startApp(t, { heartbeat: SELDOM }, { clock })
  const ticket = await ticketOf(usher, asServer, { user: 'ann', connectionTtl: 60 })
  const ann = await connect(`${usher.url}${ROOM}?ticket=${ticket}`)
  const bob = await member(usher)
  // Pongs take real time, which this clock does not follow: no client is cut for a late pong.
  let seconds = 0
  while (usher.app.rooms.counts('chat:a').members === 2) {
    seconds += 1
    await clock.advance(1_000)
  }
  t.same(await ann.closed, { code: 3005, reason: 'session expired' })
  t.ok(seconds >= 60 && seconds <= 61, `${seconds} s`)
  await bob.close()
  await nothingLeft(usher.app)
})
