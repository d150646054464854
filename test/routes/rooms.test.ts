// Rooms with plain frames, through a real port: which clients join, and what they hear.
import { test } from 'tap'
import { startApp } from '../support/app.ts'
import { connect, refused } from '../support/client.ts'
import { person, ticketOf } from '../support/people.ts'

test('[C40] without a credential the upgrade is refused with 401 before the 101', async (t) => {
  const { url } = await startApp(t)
  const answer = await refused(`${url}/rooms/chat:a`)
  t.equal(answer.status, 401)
  t.match(answer.body, { error: 'unauthorized', code: 101 })
})

test('[C42] two people talk: cookie and ticket, text and bytes', async (t) => {
  const usher = await startApp(t)
  const ann = await person(usher)
  const bob = await person(usher)
  const inBrowser = await connect(`${usher.url}/rooms/chat:a`, { headers: ann.browser })
  const ticket = await ticketOf(usher, bob.bearer)
  const onPhone = await connect(`${usher.url}/rooms/chat:a?ticket=${ticket}`)
  inBrowser.send('hello')
  onPhone.send(Buffer.from([0, 255, 1]))
  for (const client of [inBrowser, onPhone]) {
    t.same(await client.next(), { data: Buffer.from('hello'), binary: false })
    t.same(await client.next(), { data: Buffer.from([0, 255, 1]), binary: true })
  }
})
