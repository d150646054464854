// The code of docs/clients.md that can run here is run as it stands there: it says something, is
// cut off, and hears what was said afterwards.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { findGo } from '../../scripts/go.ts'
import { openBrowser } from '../support/browser.ts'
import { type CutProxy, cutProxy } from '../support/cut-proxy.ts'
import { PASSWORD, signedUp } from '../support/people.ts'
import { Program } from '../support/program.ts'
import { until } from '../support/until.ts'
import { DIST, loggedIn } from './page-client.ts'
import { say, sceneBehind } from './scene.ts'
import { BUILT, isPrepared } from './sdks.ts'

const ROOM = 'chat:lobby'
const PAGE = readFileSync(join(import.meta.dirname, '../../docs/clients.md'), 'utf8')
/** Within the tree, so that packages are found from there. */
const FOLDER = join(BUILT, 'page')
const PLACEHOLDER = 'usher.example'

const scene = await sceneBehind(t)
const ann = await signedUp(scene, 'ann')
if (PASSWORD !== 'correct horse battery') throw new Error('the page has another password')

/** The first block of code below a heading, which comes to the proxy. */
function codeOf(heading: string, proxy: CutProxy): string {
  const [, section = ''] = PAGE.split(`\n## ${heading}`)
  const [, code] = /```[a-z]+\n(.*?)```/s.exec(section) ?? []
  if (code === undefined) throw new Error(`docs/clients.md has no code for ${heading}`)
  const plain = code.replaceAll('wss://', 'ws://').replaceAll('https://', 'http://')
  return plain.replaceAll(PLACEHOLDER, proxy.url)
}

function fileOf(name: string, code: string): string {
  mkdirSync(FOLDER, { recursive: true })
  writeFileSync(join(FOLDER, name), code)
  return join(FOLDER, name)
}

function goFile(code: string): string[] {
  for (const name of ['go.mod', 'go.sum']) {
    cpSync(join(import.meta.dirname, 'go', name), fileOf(name, ''))
  }
  fileOf('page.go', code)
  return [findGo() ?? 'go', '-C', FOLDER, 'run', '.']
}

/** A heading, and the command that runs its code. */
const COMMANDS: Record<string, (code: string) => string[]> = {
  'JavaScript in Node': (code) => [process.execPath, fileOf('node.mjs', code)],
  'Plain WebSocket': (code) => [process.execPath, fileOf('plain.mjs', code)],
  EventSource: (code) => [process.execPath, fileOf('events.mjs', code)],
  Python: (code) => [join(BUILT, 'python/bin/python'), fileOf('page.py', code)],
  Go: goFile,
  curl: (code) => ['bash', fileOf('curl.sh', code)],
}

async function runs(t: Test, heading: string, command: (code: string) => string[]): Promise<void> {
  const proxy = await cutProxy(t, scene.url)
  const env = { HOME: process.env.HOME ?? '' }
  const program = new Program({ command: command(codeOf(heading, proxy)), env, group: true })
  t.teardown(() => program.end('SIGKILL'))
  await program.shows(heading === 'curl' ? /event: position/ : /hello from /)
  const missed = `missed by ${heading}`
  // curl does not come back by itself.
  if (heading !== 'curl') proxy.cut()
  await say(scene, ROOM, missed)
  await program.shows(new RegExp(missed))
  t.notMatch(program.output, /stays away|read the room again/)
}

for (const [heading, command] of Object.entries(COMMANDS)) {
  if (!isPrepared(heading)) continue
  t.test(`the code for ${heading}`, (t) => runs(t, heading, command))
}

t.test('the code for a browser', async (t) => {
  const { proxy, origin } = scene
  const context = await loggedIn(t, await openBrowser(t), origin, ann.browser.cookie)
  const page = await context.newPage()
  const printed: string[] = []
  page.on('console', (message) => printed.push(message.text()))
  const body = codeOf('JavaScript in a browser', proxy)
  await page.route(`${origin}/page`, (route) => route.fulfill({ contentType: 'text/html', body }))
  const script = { path: join(DIST, 'centrifuge.js') }
  await page.route(`${origin}/centrifuge.js`, (route) => route.fulfill(script))
  await page.goto(`${origin}/page`)
  const prints = (text: string) =>
    until(() => printed.some((line) => line.includes(text)), { what: `the page prints ${text}` })
  await prints('hello from a browser by ann')
  proxy.cut()
  await say(scene, ROOM, 'missed by a browser')
  await prints('missed by a browser')
})
