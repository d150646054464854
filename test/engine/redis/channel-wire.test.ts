// What a connection for channels makes of answers that come in an order of their own.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { ChannelWire } from '../../../src/engine/redis/channel-wire.ts'
import { until } from '../../support/until.ts'

const OPEN = { tls: false, username: undefined, password: undefined }

/** A server that says what the test says, after its greeting. */
async function wireTo(t: Test) {
  const heard: string[] = []
  let asked = ''
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
  const wire = new ChannelWire(address, OPEN, {
    onMessage: (channel, message) => heard.push(`${channel} ${message}`),
    onEnded: (channel) => heard.push(`${channel} ended`),
  })
  const connecting = wire.connect()
  const [socket] = (await once(server, 'connection')) as [Socket]
  socket.on('data', (bytes) => {
    asked += bytes
  })
  t.teardown(() => {
    wire.destroy()
    socket.destroy()
    server.close()
  })
  socket.write('%0\r\n')
  await connecting
  const isAsked = (word: string) => until(() => asked.includes(word), { what: word })
  return {
    wire,
    end: () => socket.destroy(),
    heard,
    isAsked,
    say: (text: string) => socket.write(text.replaceAll('\n', '\r\n')),
  }
}

const push = (kind: string, channel: string) =>
  `>3\n$${kind.length}\n${kind}\n$${channel.length}\n${channel}\n:0\n`

t.test('a channel that ends is told, and is no answer to what waits', async (t) => {
  const { wire, heard, isAsked, say } = await wireTo(t)
  let isAnswered = false
  const subscribing = wire.subscribe('new').then(() => {
    isAnswered = true
  })
  const asking = wire.ask('PING')
  await isAsked('PING')
  say(push('sunsubscribe', 'old'))
  await until(() => heard.length === 1, { what: 'the end is told' })
  t.same([heard, isAnswered], [['old ended'], false])
  say(push('ssubscribe', 'new'))
  await subscribing
  say('+PONG\n')
  t.equal(String(await asking), 'PONG')
})

t.test('an error answers the command that waits longest', async (t) => {
  const { wire, isAsked, say } = await wireTo(t)
  const refused = t.rejects(wire.subscribe('a'), /MOVED 1 host:2/)
  const subscribing = wire.subscribe('b')
  await isAsked('b')
  say('-MOVED 1 host:2\n')
  await refused
  say(push('ssubscribe', 'b'))
  await subscribing
})

t.test('what is asked on a connection that ends is rejected', async (t) => {
  const { wire, isAsked } = await wireTo(t)
  const refused = t.rejects(wire.subscribe('a'), /does not answer/)
  await isAsked('a')
  wire.destroy()
  await refused
  await t.rejects(wire.ask('PING'))
})

t.test('what is asked of a server that ends the connection is rejected', async (t) => {
  const { wire, isAsked, end } = await wireTo(t)
  const refused = t.rejects(wire.ask('PING'), /does not answer/)
  await isAsked('PING')
  end()
  await refused
})

t.test('a command is seen to wait, and not to wait any more', async (t) => {
  const { wire, isAsked, say } = await wireTo(t)
  const asking = wire.ask('PING')
  await isAsked('PING')
  t.same([wire.look(), wire.look(), wire.waiting], [1, 2, 1])
  say('+PONG\n')
  await asking
  t.same([wire.look(), wire.waiting], [0, 0])
})
