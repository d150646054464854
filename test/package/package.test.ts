// The package from its tarball, as a new user starts it: the command, and the two examples.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { t as file, type Test, test } from 'tap'
import { openBrowser, openWindow, seatUser } from '../support/browser.ts'
import { connect, refused } from '../support/client.ts'
import { call, cookieOf } from '../support/people.ts'
import { type Program, startProgram } from '../support/program.ts'
import { installedPackage } from './installed.ts'

const { bin, examples, path } = installedPackage(file)

const browser = openBrowser(file)
/** Instead of the last line of the sample, which says nothing and takes a certain port. */
const TELL = "console.log('listens at', await app.listen({ port: 0 }))"
const LISTENS = /listen(?:ing|s) at (http:\/\/[^"\s]+)/
const PASSWORD = 'open sesame'

/** Starts the script of this name in the package.json of an example. */
function startScript(t: Test, example: string, script: string[], env: Record<string, string>) {
  const command = ['npm', 'run', '--silent', ...script]
  const cwd = join(examples, example)
  return startProgram(t, { command, cwd, env: { PATH: path, ...env }, group: true })
}

async function urlOf(program: Program): Promise<string> {
  return (await program.shows(LISTENS))[1] ?? ''
}

test('the command usher starts the service, with its page and its rooms', async (t) => {
  const cwd = t.testdir()
  const service = startProgram(t, { command: [bin], cwd, env: { PATH: path, PORT: '0' } })
  const url = await urlOf(service)
  const page = await fetch(url)
  t.match(await page.text(), '<title>', 'the page is in the package')
  t.equal(page.headers.get('content-type'), 'text/html; charset=utf-8')
  t.equal((await fetch(`${url}/README.md`)).status, 404)

  const ann = { username: 'ann', password: 'correct horse battery' }
  t.equal((await call(`${url}/accounts`, 'POST', { body: ann })).status, 201, 'the disk is there')
  const log = await call(`${url}/session`, 'POST', { body: { ...ann, client: 'app' } })
  const headers = { authorization: `Bearer ${log.body.accessToken}` }
  const ticket = async () => (await call(`${url}/tickets`, 'POST', { headers })).body.ticket
  const room = async () => connect(`${url}/rooms/chat:lobby?ticket=${await ticket()}`)
  const [one, two] = [await room(), await room()]
  one.send('hello')
  t.equal(await two.text(), 'hello')

  const [exit, closing] = [service.end('SIGTERM'), await one.closed]
  t.equal(closing.code, 3001)
  t.equal(await exit, 0)
})

test('the command of the package makes accounts and backups beside a server', async (t) => {
  const cwd = t.testdir()
  const service = startProgram(t, { command: [bin, 'start'], cwd, env: { PATH: path, PORT: '0' } })
  const url = await urlOf(service)
  const run = async (line: string) => {
    const program = startProgram(t, {
      command: ['sh', '-c', line],
      cwd,
      env: { PATH: path, BIN: bin },
    })
    return { code: await program.ended, said: program.output }
  }
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  t.same(await run('"$BIN" --version'), { code: 0, said: `${version}\n` })
  t.match(await run('"$BIN" strat'), { code: 2, said: /^There is no command "strat"/ })
  const made = await run('echo "correct horse battery" | "$BIN" user add ann')
  t.match(made, { code: 0, said: /^ann has an account now/ })
  const body = { username: 'ann', password: 'correct horse battery' }
  t.equal((await call(`${url}/session`, 'POST', { body })).status, 200)
  t.match(await run('"$BIN" backup copy.db'), { code: 0, said: /^copy\.db holds the store of/ })
  t.match(await run('"$BIN" check'), { code: 0, said: /version \d+, .+ rooms: 0, accounts: 1/ })
  t.equal(await service.end('SIGTERM'), 0)
})

test('README.md: its server, its page with history, and its curl', async (t) => {
  const readme = readFileSync('README.md', 'utf8')
  const sample = (kind: string) =>
    [...readme.matchAll(new RegExp(`^\`\`\`${kind}\\n(.*?)^\`\`\`$`, 'gms'))].map(
      ([, code]) => code,
    )
  const [server = ''] = sample('js')
  const told = server.replace('await app.listen({ port: 3000 })', TELL)
  const cwd = mkdtempSync(join(dirname(examples), 'readme-'))
  t.teardown(() => rmSync(cwd, { recursive: true, force: true }))
  writeFileSync(join(cwd, 'server.mjs'), told)
  writeFileSync(join(cwd, 'chat.html'), sample('html')[0] ?? '')
  const env = { PATH: path }
  const url = await urlOf(startProgram(t, { command: ['node', 'server.mjs'], cwd, env }))

  const terminal = (/^## From a terminal\n(.*?)^## /ms.exec(readme)?.[1] ?? '').split('```sh\n')
  const script = terminal.slice(1).map((part) => part.split('```')[0]?.replace(/^npm run.*$/m, ''))
  const here = script.join('').replaceAll('localhost:3000', new URL(url).host)
  const following = here.replace('curl -N', 'curl -sN --max-time 2')
  const curl = startProgram(t, {
    command: ['sh', '-c', `${following}\necho "<$ticket>"`],
    cwd,
    env,
  })
  t.equal(await curl.ended, 0)
  t.match(curl.stdout, /"username":"carol".*"data":"hello from curl".*event: position.*<[\w-]+>/s)

  const { page, complaints } = await openWindow(await seatUser(t, await browser), `${url}/rt/`)
  await page.evaluate(async () => {
    const body = JSON.stringify({ username: 'carol', password: 'correct horse' })
    const headers = { 'content-type': 'application/json' }
    await fetch('/rt/session', { method: 'POST', headers, body })
  })
  await page.goto(url)
  await page.getByText('carol: hello from curl').waitFor()
  await page.locator('[name=text]').fill('hello from the page')
  await page.keyboard.press('Enter')
  await page.getByText('carol: hello from the page').waitFor()
  t.same(complaints, [])
})

test('examples/existing-app: its own log-in decides who follows which board', async (t) => {
  const app = startScript(t, 'existing-app', ['start'], { PORT: '0' })
  const url = await urlOf(app)
  const logIn = async (name: string) => {
    const { headers } = await call(`${url}/login`, 'POST', { body: { name, password: PASSWORD } })
    return { cookie: cookieOf(headers), origin: url }
  }
  const [ann, eve] = [await logIn('ann'), await logIn('eve')]
  const board = `${url}/rt/rooms/board:red`

  t.same((await call(`${url}/notices`, 'GET')).body, { problem: 'Log in first.' }, 'its own error')
  t.match(await refused(board), { status: 401, body: { error: 'unauthorized' } }, 'and ours')
  t.match(await refused(board, { headers: eve }), { status: 403 })
  t.match(await refused(board, { headers: { ...ann, origin: 'http://a.test' } }), { status: 403 })

  const member = await connect(board, { headers: ann })
  const body = { text: 'Cake!' }
  t.equal((await call(`${url}/notices`, 'POST', { headers: ann, body })).status, 201)
  t.match(JSON.parse(await member.text()), { text: 'Cake!', by: 'ann' })

  const talker = await connect(board, { headers: ann })
  talker.send('{"text":"not pinned"}')
  t.equal((await talker.closed).code, 3507)

  t.equal((await call(`${url}/logout`, 'POST', { headers: ann, body: {} })).status, 200)
  t.equal((await member.closed).code, 3503)
  t.match(await refused(board, { headers: ann }), { status: 401 })
})

test('examples/existing-app: two people at its page', async (t) => {
  const url = await urlOf(startScript(t, 'existing-app', ['start'], { PORT: '0' }))
  const sit = async (name: string) => {
    const { page, complaints } = await openWindow(await seatUser(t, await browser), url)
    await page.locator('[name=name]').fill(name)
    await page.locator('[name=password]').fill(PASSWORD)
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByText('You follow the board').waitFor()
    return { page, complaints }
  }
  const [ann, ben] = [await sit('ann'), await sit('ben')]
  await ann.page.locator('[name=text]').fill('Cake in the kitchen')
  await ann.page.getByRole('button', { name: 'Pin' }).click()
  await ben.page.getByText('ann: Cake in the kitchen').waitFor()
  await ben.page.getByRole('button', { name: 'Log out' }).click()
  await ben.page.getByRole('button', { name: 'Log in' }).waitFor()
  t.same([...ann.complaints, ...ben.complaints], [])
})

test('examples/mobile-back-end: a back end decides who talks in which order', async (t) => {
  const settings = { USHER_DATA: t.testdir(), USHER_DRAIN_SECONDS: '1' }
  const start = (script: string[], env: Record<string, string>) =>
    startScript(t, 'mobile-back-end', script, env)
  const service = start(['usher'], { ...settings, PORT: '0' })
  const usher = await urlOf(service)
  const backEnd = await urlOf(start(['back-end'], { PORT: '0', USHER_URL: usher }))
  const phone = (name: string) => start(['phone', '--', name, '17'], { BACK_END: backEnd })

  const [cora, dan, eve] = [phone('cora'), phone('dan'), phone('eve')]
  await Promise.all([cora, dan].map((one) => one.shows(/You are in order 17/)))
  await eve.shows(/Refused: You have no order 17/)
  t.equal(await eve.ended, 0)

  dan.say('I am outside.')
  await cora.shows(/> I am outside/)

  const login = { body: { name: 'dan', password: PASSWORD } }
  const { token } = (await call(`${backEnd}/login`, 'POST', login)).body
  const told = { headers: { authorization: `Bearer ${token}` }, body: { status: 'delivered' } }
  t.equal((await call(`${backEnd}/orders/17/status`, 'PUT', told)).status, 200)
  await Promise.all([cora, dan].map((one) => one.shows(/> \{"status":"delivered"\}/)))

  await service.end('SIGTERM')
  await cora.shows(/Away: 3001 shutdown/)
  start(['usher'], { ...settings, PORT: new URL(usher).port })
  await cora.shows(/You are in order 17.*You are in order 17/s)
})
