// Receipts in the hands of a hostile user: what a call may cost, and which names open nothing.
import t from 'tap'
import { startApp } from '../support/app.ts'
import { asServer, call, person, ticketOf } from '../support/people.ts'
import { connectRich, type RichClient } from '../support/rich-client.ts'

const usher = await startApp(t)
const { url } = usher
const [ann, eve] = [await person(usher), await person(usher)]

const companions = (from: number, count: number, room = 'chat:c') =>
  Array.from({ length: count }, (_, n) => {
    return ['subscribe', { channel: `${room}${from + n}$receipts` }] as const
  })

function receipt(rich: RichClient, moves: readonly object[]) {
  return rich.ask('rpc', { method: 'receipt', data: { moves } })
}

t.test('[S43] [C380] a connection is in as many companions as it may be in rooms', async (t) => {
  const rich = await connectRich(url, { headers: eve.browser })
  const answers = await Promise.all(rich.askAll(companions(0, 129)))
  t.equal(answers.filter(({ error }) => error === undefined).length, 128)
  t.match(answers.at(-1), { error: { code: 106 } })
  t.notOk((await rich.ask('subscribe', { channel: 'chat:room' })).error, 'rooms have their own')
  t.notOk((await rich.ask('unsubscribe', { channel: 'chat:c0$receipts' })).error)
  t.notOk((await rich.ask('subscribe', { channel: 'chat:more$receipts' })).error)
  await rich.client.close()
})

t.test('[S43] [C330] companions of rooms in which a connection is not are commands', async (t) => {
  const rich = await connectRich(url, { headers: eve.browser })
  const codes = new Set<number | undefined>()
  for (let round = 0; round < 12; round += 1) {
    const some = companions(0, 64, 'chat:loop')
    const leaving = some.map(([, { channel }]) => ['unsubscribe', { channel }] as const)
    const answers = await Promise.all(rich.askAll([...some, ...leaving]))
    for (const { error } of answers) codes.add(error?.code)
  }
  t.ok(codes.has(111), 'twelve hundred commands at once are too many')
  rich.client.ws.terminate()
})

t.test('[S43] [C379] sixteen moves cost as much as a command', async (t) => {
  const rich = await connectRich(url, { headers: eve.browser })
  const moves = Array.from({ length: 256 }, (_, n) => ({ room: `user:x${n}`, read: 1 }))
  const answers: (number | undefined)[] = []
  for (let round = 0; round < 100 && !answers.includes(111); round += 1) {
    answers.push((await receipt(rich, moves)).error?.code)
  }
  t.ok(answers.includes(111))
  t.ok(answers.length > 8, 'a client with all its rooms may move in all of them')
  rich.client.ws.terminate()
})

t.test('[C380] a companion takes no moves, and is no room of the store', async (t) => {
  const rich = await connectRich(url, { headers: eve.browser })
  const { rpc } = await receipt(rich, [
    { room: 'chat:a$receipts', read: 1 },
    { room: `user:${eve.user}$receipts`, read: 1 },
    { room: 'chat:a$receipts$receipts', read: 1 },
    { room: 'chat:a%24receipts', read: 1 },
    { room: 'chat:a$receipts ', read: 1 },
    { room: 'chat:a$receipt\u0455', read: 1 },
  ])
  t.same(
    rpc.data.moves.map(({ error }: { error: string }) => error),
    ['not_available', 'not_available', ...Array(4).fill('forbidden')],
  )
  const data = { room: 'chat:a$receipts' }
  t.match(await rich.ask('rpc', { method: 'receipts', data }), { error: { code: 108 } })
  const { body } = await call(`${url}/rooms?limit=1000`, 'GET', { headers: asServer })
  t.notOk(JSON.stringify(body).includes('$receipts'))
  const mine = await call(`${url}/rooms?participant=me`, 'GET', { headers: eve.bearer })
  t.notOk(JSON.stringify(mine.body).includes('$receipts'))
  await rich.client.close()
})

t.test('[S47] [C372] a ticket for other rooms takes its user out of no room', async (t) => {
  const room = 'chat:stays'
  const path = `${url}/rooms/${room}`
  await call(`${path}/participants/${ann.user}`, 'PUT', { headers: ann.bearer })
  const token = await ticketOf(usher, ann.bearer, { rooms: ['chat:elsewhere'] })
  const rich = await connectRich(url, { token })
  const leave = { method: 'leave', data: { room } }
  t.match(await rich.ask('rpc', leave), { error: { code: 103 } })
  const { body } = await call(`${path}/receipts`, 'GET', { headers: eve.bearer })
  t.match(body.participants, [{ user: ann.user }])
  await rich.client.close()
})

t.test('[C378] pages of my rooms leave none out, however many are as old', async (t) => {
  const finn = await person(usher)
  const rich = await connectRich(url, { headers: finn.browser })
  const names = Array.from({ length: 25 }, (_, n) => `chat:page${n}`).sort()
  await receipt(
    rich,
    names.map((room) => ({ room, delivered: 0 })),
  )
  const seen: string[] = []
  let next: string | null = null
  do {
    const before: string = next === null ? '' : `&before=${encodeURIComponent(next)}`
    const path = `${url}/rooms?participant=me&limit=10${before}`
    const { body } = await call(path, 'GET', { headers: finn.bearer })
    seen.push(...body.rooms.map(({ room }: { room: string }) => room))
    next = body.next
  } while (next !== null)
  t.same(seen.sort(), names)
  const bad = `${url}/rooms?participant=me&before=,chat:page1`
  t.equal((await call(bad, 'GET', { headers: finn.bearer })).status, 400)
  await rich.client.close()
})
