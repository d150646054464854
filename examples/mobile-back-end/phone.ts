// A mobile app in a terminal: it logs in at its own back end, and asks it for a ticket for every
// connection. Mobile networks drop often: the app reconnects by itself.
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'

const { BACK_END = 'http://localhost:4000' } = process.env
const [name = 'cora', order = '17'] = process.argv.slice(2)

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 20_000

/** The answer; null for a refusal, which is final. Rejects when the back end is away. */
async function post(path: string, body: object, token?: string): Promise<unknown> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
  const request = { method: 'POST', headers, body: JSON.stringify(body) }
  const response = await fetch(`${BACK_END}${path}`, request)
  if (response.status >= 500) throw new Error(`The back end answers ${response.status}.`)
  const answer = (await response.json()) as { message?: string }
  if (response.ok) return answer
  console.log(`Refused: ${answer.message}`)
  return null
}

let room: WebSocket | null = null

type End = 'stay away' | 'was in' | 'was not in'

/** One connection, from its ticket to its end. */
async function visit(token: string): Promise<End> {
  const ticket = (await post(`/orders/${order}/ticket`, {}, token)) as { url: string } | null
  if (!ticket) return 'stay away'
  const socket = new WebSocket(ticket.url)
  let end: End = 'was not in'
  socket.onopen = () => {
    end = 'was in'
    room = socket
    console.log(`You are in order ${order}.`)
  }
  socket.onmessage = ({ data }) => console.log(`> ${data}`)
  return new Promise((resolve) => {
    socket.onclose = ({ code, reason }) => {
      room = null
      console.log(`Away: ${code} ${reason}`)
      // After 3000 to 3499 and network errors, reconnect; after 3500 to 3999, do not.
      resolve(code < 3500 ? end : 'stay away')
    }
  })
}

async function comeAndGo(token: string): Promise<void> {
  for (let failures = 0; ; ) {
    const end = await visit(token).catch((): End => 'was not in')
    if (end === 'stay away') return
    failures = end === 'was in' ? 0 : failures + 1
    // Random, or all phones that are cut off at once would reconnect at once.
    await wait(Math.random() * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures))
  }
}

const login = (await post('/login', { name, password: 'open sesame' })) as { token: string } | null
if (login) {
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (line) => room?.send(line))
  await comeAndGo(login.token)
  lines.close()
}
