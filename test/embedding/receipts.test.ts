// Receipts in an application that decides who may: it is asked about moves too.
import { test } from 'tap'
import { asServer, call } from '../support/people.ts'
import { connectRich } from '../support/rich-client.ts'
import { until } from '../support/until.ts'
import { startHost } from './host.ts'

test('[C379] who is logged out while the application is asked comes into no room', async (t) => {
  const asked: ((may: boolean) => void)[] = []
  const { app, url } = await startHost(t, {
    options: {
      identity: ({ headers }) => (headers.cookie ? { user: headers.cookie } : null),
      authorize: ({ server }) =>
        server !== null || new Promise<boolean>((resolve) => asked.push(resolve)),
    },
  })
  const participants = async () => {
    const path = `${url}/rt/rooms/chat:a/receipts`
    return (await call(path, 'GET', { headers: asServer })).body.participants
  }
  const move = { method: 'receipt', data: { moves: [{ room: 'chat:a', read: 1 }] } }
  const connected = () => connectRich(`${url}/rt`, { headers: { cookie: 'ann', origin: url } })

  const away = await connected()
  away.client.send(JSON.stringify({ id: 9, rpc: move }))
  await until(() => asked.length === 1, { what: 'the application to be asked' })
  away.client.send(JSON.stringify({ id: 10, subscribe: { channel: 'chat:b' } }))
  await app.usher.disconnect({ user: 'ann' })
  await away.closed
  t.equal(asked.length, 1, 'later commands wait for the answer')
  asked.shift()?.(true)
  t.same(await participants(), [])

  const back = await connected()
  const answer = back.ask('rpc', move)
  await until(() => asked.length === 1, { what: 'the application to be asked' })
  asked.shift()?.(true)
  t.match(await answer, { rpc: { data: { moves: [{ room: 'chat:a', read: 0 }] } } })
  t.match(await participants(), [{ user: 'ann' }])
  await back.client.close()
})
