// Clients' frames in every order that a seed gives, through real ports: each sender gets what the
// RFC demands, the room hears what it must and nothing more, and a pair of bystanders talks on.
import { test } from 'tap'
import { type StartedApp, startApp } from '../support/app.ts'
import { Dice } from '../support/dice.ts'
import { clientFrame } from '../support/frames.ts'
import { asServer } from '../support/people.ts'
import { limited, ruled, UNLIMITED } from '../support/settings.ts'
import { until } from '../support/until.ts'
import { Bystanders } from './bystanders.ts'
import { FAULT_NAMES, type Order, orderWith } from './frame-orders.ts'
import { type StrictClient, strictConnect } from './strict-client.ts'
import { BOUNDS, type Verdict, verdictOn } from './verdict.ts'

const SEED = Number(process.env.SEED ?? 20_261_123)
const ORDERS_EACH = 16
const ROOM = '/rooms/live:orders'

function open({ url }: StartedApp, answers: boolean): Promise<StrictClient> {
  return strictConnect(url, ROOM, { headers: asServer, answers })
}

/** Sends the bytes in pieces that do not follow the boundaries of frames. */
async function sendInPieces(client: StrictClient, order: Order, dice: Dice): Promise<void> {
  const bytes = Buffer.concat(order.frames.map(clientFrame))
  if (dice.once(3)) return void client.socket.write(bytes)
  const small = dice.once(2)
  for (let at = 0; at < bytes.length && !client.ended; ) {
    const end = at + 1 + dice.below(small && bytes.length < 2_000 ? 3 : 50_000)
    client.socket.write(bytes.subarray(at, end))
    at = end
    await new Promise(setImmediate)
  }
}

/** The outcome in the words of the verdict; a reason is never empty where the server closes. */
async function outcomeOf(client: StrictClient, { isFault }: Verdict): Promise<object> {
  const closing = await client.closing()
  const { controls, violation } = client.reader
  const pongs = controls.filter(({ name }) => name === 'pong').map(({ payload }) => payload)
  return { violation, code: closing.code, pongs, reason: !isFault || closing.reason !== '' }
}

for (const fault of FAULT_NAMES) {
  test(`[C42] [C47] ${fault}, ${ORDERS_EACH} times from seed ${SEED}`, async (t) => {
    const limits = limited({ ...UNLIMITED, messageBytes: BOUNDS.messageBytes })
    const usher = await startApp(t, { ...ruled({ match: '*' }), ...limits, logLevel: 'silent' })
    const [speaker, listener] = [await open(usher, true), await open(usher, true)]
    const bystanders = new Bystanders(speaker, listener)
    const expected: Verdict['messages'] = []
    const clients: StrictClient[] = []
    for (let index = 0; index < ORDERS_EACH; index += 1) {
      const dice = new Dice(SEED, index * 100 + FAULT_NAMES.indexOf(fault))
      const order = orderWith(fault, dice)
      const verdict = verdictOn(order.frames)
      const client = await open(usher, false)
      await sendInPieces(client, order, dice)
      const { code, pongs } = verdict
      t.same(
        await outcomeOf(client, verdict),
        { violation: null, code, pongs, reason: true },
        `${fault}, number ${index}`,
      )
      clients.push(client)
      expected.push(...verdict.messages)
    }
    await Promise.all(clients.map((client) => client.gone()))
    const violations = clients.flatMap(({ reader }) => reader.violation ?? [])
    t.same(violations, [], 'nothing after a close')
    await until(() => bystanders.others.length >= expected.length || listener.ended)
    t.same(await bystanders.stop(), [], 'the bystanders heard each other, in order')
    const heard = bystanders.others
    t.equal(heard.length, expected.length, 'no message too few or too many')
    const wrong = heard.findIndex(({ kind, payload }, at) => {
      const message = expected[at]
      return message === undefined || kind !== message.kind || !payload.equals(message.payload)
    })
    t.equal(wrong, -1, 'each as it was sent, and in order')
    for (const { socket } of [speaker, listener]) socket.destroy()
  })
}
