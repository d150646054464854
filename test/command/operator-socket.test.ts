// The operator socket by itself: its bounds, its file, and its end.
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { type Test, test } from 'tap'
import { askServer } from '../../src/command/ask-server.ts'
import { openOperatorSocket, socketAddress } from '../../src/command/operator-socket.ts'
import { systemClock } from '../../src/time/system-clock.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { closed, until } from '../support/until.ts'

interface Scene {
  folder: string
  clock: ManualClock
  asked: unknown[]
  /** Lets the answers go that are held back. */
  release(): void
  dial(): Socket
}

/** With `held` no answer comes before `release`. */
async function open(t: Test, held = false): Promise<Scene & { close(): Promise<void> }> {
  const folder = t.testdir({})
  const clock = new ManualClock()
  const asked: unknown[] = []
  const { promise, resolve: release } = Promise.withResolvers<void>()
  if (!held) release()
  const answer = async (request: unknown) => {
    asked.push(request)
    await promise
    return { said: 'done' }
  }
  const { close } = await openOperatorSocket({ folder, clock, answer })
  t.teardown(close)
  const dial = (): Socket => {
    const address = socketAddress(folder)
    const socket = connect(address?.path ?? '').on('error', () => undefined)
    socket.once('close', () => address?.close())
    t.teardown(() => socket.destroy())
    return socket
  }
  return { folder, clock, asked, release, dial, close }
}

/** All that comes until the end. */
async function heard(socket: Socket): Promise<string> {
  let text = ''
  socket.setEncoding('utf8').on('data', (part) => {
    text += part
  })
  await closed(socket)
  return text
}

test('a line is asked once, and what is no JSON is asked as nothing', async (t) => {
  const { dial, asked } = await open(t)
  const one = dial()
  one.write('{"a":')
  one.write('1}\n{"a":2}\n')
  t.equal(await heard(one), '{"said":"done"}\n')
  const other = dial()
  other.write('hello\n')
  t.equal(await heard(other), '{"said":"done"}\n')
  t.same(asked, [{ a: 1 }, null])
})

test('a line without end, and a client that says nothing, are cut', async (t) => {
  const { dial, asked, clock } = await open(t)
  const endless = dial()
  endless.write('x'.repeat(5_000))
  t.equal(await heard(endless), '')
  const mute = dial()
  const nothing = heard(mute)
  await until(() => mute.readyState === 'open')
  await until(async () => {
    await clock.advance(31_000)
    return mute.destroyed
  })
  t.equal(await nothing, '')
  t.same(asked, [])
})

test('eight clients at once are served, and a ninth is cut', async (t) => {
  const { dial, release, asked, folder } = await open(t, true)
  const eight = Array.from({ length: 8 }, dial)
  for (const socket of eight) socket.write('{}\n')
  const answers = eight.map(heard)
  await until(() => asked.length === 8)
  t.equal(await heard(dial()), '')
  const message = /^The server did not answer: too many ask at once/
  await t.rejects(askServer(folder, { operation: 'ban', name: 'ann' }, systemClock), { message })
  release()
  t.same(await Promise.all(answers), Array(8).fill('{"said":"done"}\n'))
})

test('closing answers what was asked, cuts the others, and removes the file', async (t) => {
  const { dial, release, asked, close, folder } = await open(t, true)
  const [asking, mute] = [dial(), dial()]
  asking.write('{}\n')
  const [answer, nothing] = [heard(asking), heard(mute)]
  await until(() => asked.length === 1 && mute.readyState === 'open')
  let isClosed = false
  const closing = Promise.all([close(), close()]).then(() => {
    isClosed = true
  })
  t.equal(await nothing, '')
  t.notOk(isClosed, 'it waits for the answer')
  release()
  await closing
  t.equal(await answer, '{"said":"done"}\n')
  t.same(readdirSync(folder), [])
})

test('what a killed server left is replaced, also where it was killed half-way', async (t) => {
  const folder = t.testdir({})
  mkdirSync(`${folder}/usher.sock.new`)
  chmodSync(folder, 0o755)
  writeFileSync(`${folder}/usher.sock.new/usher.sock`, '')
  writeFileSync(`${folder}/usher.sock`, '')
  const parts = { folder, clock: systemClock, answer: async () => ({}) }
  const { close } = await openOperatorSocket(parts)
  t.teardown(close)
  t.same(readdirSync(folder), ['usher.sock'])
  t.ok(statSync(`${folder}/usher.sock`).isSocket())
  t.equal(statSync(`${folder}/usher.sock`).mode & 0o777, 0o600)
})

test('a folder whose path is too long for a socket has one all the same', async (t) => {
  const folder = `${t.testdir({})}/${'long'.repeat(30)}`
  mkdirSync(folder)
  const parts = { folder, clock: systemClock, answer: async () => ({ said: 'done' }) }
  const { close } = await openOperatorSocket(parts)
  t.ok(statSync(`${folder}/usher.sock`).isSocket())
  const request = { operation: 'ban', name: 'ann' } as const
  t.same(await askServer(folder, request, systemClock), { said: 'done' })
  await close()
  t.same(readdirSync(folder), [])
  t.equal(await askServer(folder, request, systemClock), null)
})

test('a client that keeps its side open after its answer keeps nothing of ours', async (t) => {
  const { folder, clock } = await open(t)
  const client = connect({ path: socketAddress(folder)?.path ?? '', allowHalfOpen: true })
  t.teardown(() => client.destroy())
  client.on('error', () => undefined).resume()
  client.write('{}\n')
  await until(() => client.readableEnded)
  await until(() => clock.timers === 0, { what: 'the end of the connection' })
  t.notOk(client.writableEnded)
})

test('a folder that takes no socket is left as it was, and no server stays behind', async (t) => {
  const folder = t.testdir({ 'usher.sock': { file: '' } })
  const pipes = () => process.getActiveResourcesInfo().filter((kind) => kind === 'PipeWrap').length
  const before = pipes()
  const parts = { folder, clock: systemClock, answer: async () => ({}) }
  await t.rejects(openOperatorSocket(parts), { code: 'EISDIR' })
  t.same(readdirSync(folder), ['usher.sock'])
  await until(() => pipes() <= before, { what: 'the end of the server' })
})
