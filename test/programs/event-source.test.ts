// EventSource as browsers and npm's package have it: after a cut each client misses nothing, also
// in a room that was quiet before. What a page must do itself is shown as well.
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { EventSource } from 'eventsource'
import t, { type Test } from 'tap'
import { type Host, startHost } from '../embedding/host.ts'
import { freePort } from '../support/free-port.ts'
import { startProgram } from '../support/program.ts'
import { until } from '../support/until.ts'
import { pathOf } from './start-program.ts'

interface Heard {
  source: string
  type: string
  data?: string
  state?: number
}

/** What a client is to follow: addresses by name. */
type Sources = Record<string, string>
/** Starts a client that follows, and tells what it hears. */
type Client = (t: Test, sources: Sources, tell: (heard: Heard) => void, host: Host) => void

const USER = 'ann'
const PROFILE = {
  'browser.shell.checkDefaultBrowser': false,
  'browser.aboutwelcome.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.reportingpolicy.firstRun': false,
  'app.update.enabled': false,
}

/** Follows, as it runs in a page and here. */
const FOLLOW = `(sources, tell, open) => {
  for (const [source, url] of Object.entries(sources)) {
    const stream = open(url)
    for (const name of ['message', 'position', 'reset']) {
      stream.addEventListener(name, ({ type, data }) => tell({ source, type, data }))
    }
    stream.addEventListener('error', () => {
      tell({ source, type: 'error', state: stream.readyState })
    })
  }
}`

/** Tells in the order in which it heard, and again what a cut took on its way. */
const page = (sources: Sources): string => `<!doctype html><meta charset="utf-8"><script>
  let count = 0
  let told = Promise.resolve()
  const post = async (body) => {
    const headers = { 'content-type': 'application/json' }
    const answer = fetch('/heard', { method: 'POST', headers, body })
    if (!(await answer.then(({ ok }) => ok, () => false))) await post(body)
  }
  const tell = (heard) => {
    const body = JSON.stringify({ number: count++, heard })
    told = told.then(() => post(body))
  }
  const follow = ${FOLLOW}
  follow(${JSON.stringify(sources)}, tell, (url) => new EventSource(url))
</script>`

const CLIENTS: Record<string, Client> = {
  Chromium: (t, _sources, _tell, { url }) => {
    const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run']
    const profile = `--user-data-dir=${t.testdir({})}`
    startProgram(t, {
      command: [pathOf('chromium'), ...flags, profile, `${url}/page`],
      group: true,
    })
  },
  'Firefox ESR': (t, _sources, _tell, { url }) => {
    const folder = t.testdir({})
    const lines = Object.entries(PROFILE).map(([name, value]) => `user_pref("${name}", ${value});`)
    mkdirSync(`${folder}/profile`)
    writeFileSync(`${folder}/profile/user.js`, lines.join('\n'))
    const options = ['--headless', '--no-remote', '--profile', `${folder}/profile`]
    const env = { HOME: folder, MOZ_CRASHREPORTER_DISABLE: '1' }
    startProgram(t, { command: [pathOf('firefox'), ...options, `${url}/page`], env, group: true })
  },
  'eventsource of npm': (t, sources, tell) => {
    const opened: EventSource[] = []
    const follow = new Function(`return ${FOLLOW}`)()
    follow(sources, tell, (url: string) => {
      const source = new EventSource(url)
      opened.push(source)
      return source
    })
    t.teardown(() => {
      for (const source of opened) source.close()
    })
  },
}

/** Those that do not come back either where the TCP connection is refused [C174]. */
const STAYS_AWAY = ['Firefox ESR']

/** A server that may go away and come back on its port. */
async function restartable(t: Test) {
  const port = await freePort()
  const head = { 'content-type': 'text/event-stream', 'access-control-allow-origin': '*' }
  const server = createServer((_request, response) => {
    response.writeHead(200, head).write('retry: 300\n\ndata: up\n\n')
  })
  const down = () => {
    server.close()
    server.closeAllConnections()
  }
  const up = () => new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
  t.teardown(down)
  await up()
  return { url: `http://127.0.0.1:${port}/`, up, down }
}

async function scene(t: Test, client: Client) {
  const heard: Heard[] = []
  const tell = (one: Heard) => void heard.push(one)
  const other = await restartable(t)
  const sources: Sources = {}
  const host = await startHost(t, {
    options: {
      prefix: '/rt',
      identity: () => ({ user: USER }),
      rooms: [{ match: 'quiet', join: ['user'], history: { messages: 100 } }],
    },
    before: (app) => {
      app.get('/page', async (_, reply) => reply.type('text/html').send(page(sources)))
      app.post('/heard', async ({ body }) => {
        const told = body as { number: number; heard: Heard }
        heard[told.number] = told.heard
      })
      app.get('/refused', async (_, reply) => reply.code(503).send('a proxy says so'))
    },
  })
  const paths = { quiet: '/rt/rooms/quiet', refused: '/refused' }
  for (const [name, path] of Object.entries(paths)) sources[name] = host.url + path
  sources.other = other.url
  await host.app.usher.publish('quiet', 'before')
  client(t, sources, tell, host)
  const of = (source: string, type: string) =>
    heard.filter((one) => one.source === source && one.type === type)
  return { host, other, of }
}

for (const [name, client] of Object.entries(CLIENTS)) {
  t.test(`[C170] [C171] [C173] ${name} misses nothing of a room that was quiet`, async (t) => {
    const { host, other, of } = await scene(t, client)
    const says = async (text: string, count: number) => {
      await host.app.usher.publish('quiet', text)
      await until(() => of('quiet', 'message').length >= count, { what: `${name} hears ${text}` })
    }
    await until(() => of('quiet', 'position').length === 1, { what: `${name} opens` })
    // Its connection is reset, and it stays away for three seconds at least.
    host.app.server.closeAllConnections()
    await says('missed while it was cut off', 1)
    await host.app.usher.disconnect({ user: USER })
    await says('missed after an end', 2)
    await says('live', 3)
    const said = of('quiet', 'message').map(({ data }) => data)
    t.same(said, ['missed while it was cut off', 'missed after an end', 'live'])
    t.equal(of('quiet', 'position').length, 3, 'each stream has one opening')
    t.same(of('quiet', 'reset'), [])

    await until(() => of('other', 'message').length === 1, { what: `${name} follows another` })
    await until(() => of('refused', 'error').length > 0, { what: `${name} tells of a 503` })
    other.down()
    const failures = of('other', 'error').length
    await until(() => of('other', 'error').length > failures + 1, { what: `${name} is refused` })
    await other.up()
    if (!STAYS_AWAY.includes(name)) {
      await until(() => of('other', 'message').length >= 2, { what: `${name} comes back` })
    }
    const states = [of('other', 'error').at(-1)?.state, of('refused', 'error').at(-1)?.state]
    t.same(states, [STAYS_AWAY.includes(name) ? 2 : 0, 2], '[C174] 2 is the end for good')
    t.equal(of('refused', 'error').length, 1)
  })
}
