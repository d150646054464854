// Whose an idempotency key is, where back ends publish: alone and in the names of users.
import t from 'tap'
import { startApp } from '../support/app.ts'
import { call } from '../support/people.ts'
import { ruled } from '../support/settings.ts'

const KEPT = { messages: 100, ageMs: null }
const named = (name: string) => ({ name, key: `a-key-for-the-batches-of-${name}` })
const usher = await startApp(t, {
  serverKeys: [named('shop'), named('bank')],
  ...ruled({ match: 'live:*' }, { match: '*', history: KEPT }),
})

interface Item {
  room: string
  data: unknown
  key: string
  user?: string
}

async function batch(name: string, body: readonly Item[]) {
  const headers = { authorization: `Bearer ${named(name).key}` }
  return (await call(`${usher.url}/messages`, 'POST', { headers, body })).body
}

t.test('[C220] idempotency keys of two server keys in a batch', async (t) => {
  const items = ['chat:two', 'live:two'].map((room) => ({ room, data: 'of the shop', key: 'k' }))
  const others = items.map((item) => ({ ...item, data: 'of the bank' }))
  const first = await batch('shop', items)
  const other = await batch('bank', others)
  t.match([...first, ...other], [{ offset: 1 }, { time: Number }, { offset: 2 }, { time: Number }])
  t.same([await batch('shop', items), await batch('bank', others)], [first, other], 'said once')
  t.match(await batch('bank', items), [{ error: 'conflict' }, { error: 'conflict' }])
})

t.test('[C220] a key of one user is none of another, in one batch and over REST', async (t) => {
  const items = ['acme:1', 'acme:2'].flatMap((user) =>
    ['chat:users', 'live:users'].map((room) => ({ room, data: `I am ${user}`, key: 'k', user })),
  )
  const first = await batch('shop', [...items, { room: 'chat:users', data: 'we', key: 'k' }])
  const taken = [{ offset: 1 }, { time: Number }, { offset: 2 }, { time: Number }, { offset: 3 }]
  t.match(first, taken)
  t.same(await batch('shop', items), first.slice(0, 4), 'each is said once')
  const headers = {
    authorization: `Bearer ${named('shop').key}`,
    ...{ 'idempotency-key': 'k', 'content-type': 'text/plain' },
  }
  const say = (user: string, body: string) =>
    fetch(`${usher.url}/rooms/chat:users/messages?user=${user}`, { method: 'POST', headers, body })
  const again = await say('acme:2', 'I am acme:2')
  t.same([again.status, await again.json()], [200, first[2]], 'a batch and REST share them')
  t.equal((await say('acme:3', 'I am acme:2')).status, 201)
})
