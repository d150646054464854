// What a stranger's guess costs: credentials that are signed are refused before any store is asked.
import t from 'tap'
import { startApp } from '../support/app.ts'
import { refused } from '../support/client.ts'
import { call, person, ticketOf } from '../support/people.ts'

const usher = await startApp(t)
const ann = await person(usher)
const ticket = await ticketOf(usher, ann.bearer)

/** The stores that credentials are looked up in, and the names of the calls that they got. */
const { engine } = usher.app
const calls: string[] = []
for (const [name, store] of Object.entries({
  refreshTokens: engine.refreshTokens,
  tickets: engine.tickets,
  sessions: engine.sessions,
  accounts: engine.accounts,
  userStatus: engine.userStatus,
})) {
  const parts = store as unknown as Record<string, unknown>
  for (const method of methodsOf(store)) {
    const run = (parts[method] as (...args: unknown[]) => unknown).bind(store)
    parts[method] = (...args: unknown[]) => {
      calls.push(`${name}.${method}`)
      return run(...args)
    }
  }
}

function methodsOf(store: object): string[] {
  const own = Object.getOwnPropertyNames(store)
  const inherited = Object.getOwnPropertyNames(Object.getPrototypeOf(store))
  const names = [...own, ...inherited].filter((name) => name !== 'constructor')
  return names.filter((name) => typeof (store as Record<string, unknown>)[name] === 'function')
}

/** The text with another character at this place. */
function changed(text: string, at: number): string {
  const place = at < 0 ? text.length + at : at
  const other = text[place] === 'A' ? 'B' : 'A'
  return text.slice(0, place) + other + text.slice(place + 1)
}

const refresh = (refreshToken: string) =>
  call(`${usher.url}/session/refresh`, 'POST', { body: { refreshToken } })
const enter = (guess: string) => refused(`${usher.url}/rooms/chat:a?ticket=${guess}`)
const ask = (token: string) =>
  call(`${usher.url}/session`, 'GET', { headers: { authorization: `Bearer ${token}` } })
const token = ann.bearer.authorization.slice('Bearer '.length)

t.test('[S49] a guessed token or ticket costs no call of a store', async (t) => {
  for (const [guess, attempt] of [
    [ann.refreshToken, refresh],
    [ticket, enter],
    [token, ask],
  ] as const) {
    for (const at of [guess.length >> 1, -2, 4]) {
      calls.length = 0
      t.equal((await attempt(changed(guess, at))).status, 401)
      // Tickets are looked for in the memory of the process, which is no call.
      t.same(calls, attempt === enter ? ['tickets.read'] : [])
    }
  }
})

t.test(
  '[S49] a guessed cookie of another form costs none either, one of its form a read',
  async (t) => {
    const [name, secret = ''] = ann.browser.cookie.split('=')
    const come = async (guess: string): Promise<string[]> => {
      calls.length = 0
      const headers = { ...ann.browser, cookie: `${name}=${guess}` }
      t.equal((await call(`${usher.url}/session`, 'GET', { headers })).status, 401)
      return [...calls]
    }
    t.same(await come(`${secret}A`), [])
    t.same(await come('guess'), [])
    t.same(await come(changed(secret, 7)), ['sessions.bySecret'])
  },
)

t.test('what was not guessed is good still', async (t) => {
  t.equal((await refresh(ann.refreshToken)).status, 200)
  t.equal((await ask(token)).status, 200)
})
