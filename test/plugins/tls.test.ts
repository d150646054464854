// TLS in the process itself: what is different with it, how its files change, and which files are
// refused.
import { once } from 'node:events'
import { symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import type { TlsFiles } from '../../src/config/tls.ts'
import { type StartedApp, startApp } from '../support/app.ts'
import {
  type Certificate,
  certificate,
  certificateFiles,
  writeCertificate,
} from '../support/certificate.ts'
import { type Client, connect, refused } from '../support/client.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { nothingLeft } from '../support/nothing-left.ts'
import { runServer, startServer } from '../support/server-process.ts'
import { closed, until } from '../support/until.ts'

const LOOK_MS = 10_000
const [first, second] = [certificate('first'), certificate('second')]

interface Scene {
  clock: ManualClock
  files: TlsFiles
  usher: StartedApp
}

async function setUp(t: Test, overrides = {}): Promise<Scene> {
  const clock = new ManualClock()
  const files = certificateFiles(t.testdir())
  writeCertificate(files, first)
  const usher = await startApp(t, { tls: files, ...overrides }, { clock })
  return { clock, files, usher }
}

interface Answer {
  status: number
  body: string
  cookies: string[]
  headers: NodeJS.Dict<string | string[]>
}

/** Like `call`, over TLS with a certificate that no authority signed. */
async function ask(url: string, options: Record<string, unknown> = {}, body = ''): Promise<Answer> {
  const sent = request(url, { ca: first.cert, agent: false, ...options }).end(body)
  const [response]: IncomingMessage[] = await once(sent, 'response')
  const chunks: string[] = []
  for await (const chunk of response ?? []) chunks.push(String(chunk))
  const { headers = {}, statusCode: status = 0 } = response ?? {}
  return { status, body: chunks.join(''), cookies: headers['set-cookie'] ?? [], headers }
}

/** The name in the certificate that a new connection is shown. */
async function shown(url: string): Promise<string> {
  const { port } = new URL(url)
  const socket = connectTls({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { CN } = socket.getPeerCertificate().subject
  socket.destroy()
  return String(CN)
}

const JSON_TYPE = { 'content-type': 'application/json' }
const ANN = JSON.stringify({ username: 'ann', password: 'correct horse' })

async function cookieOfAnn({ url, keepSecret }: StartedApp): Promise<Answer & { cookie: string }> {
  await ask(`${url}/accounts`, { method: 'POST', headers: JSON_TYPE }, ANN)
  const answer = await ask(`${url}/session`, { method: 'POST', headers: JSON_TYPE }, ANN)
  const [cookie = ''] = answer.cookies[0]?.split(';') ?? []
  keepSecret(cookie.split('=')[1] ?? '')
  return { ...answer, cookie }
}

function open(url: string, headers: Record<string, string>, path = 'chat:a'): Promise<Client> {
  return connect(`${url}/rooms/${path}`, { ca: first.cert, headers })
}

t.test('[C39] [C11] [S10] over TLS the cookie is __Host-usher, with Secure', async (t) => {
  const { usher } = await setUp(t)
  t.match(usher.url, /^https:/)
  const { status, cookies } = await cookieOfAnn(usher)
  t.equal(status, 200)
  t.match(cookies, [/^__Host-usher=[^;]+; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/])
})

t.test('[C39] [C33] a page of this machine joins by wss with its cookie', async (t) => {
  const { usher } = await setUp(t)
  const { cookie } = await cookieOfAnn(usher)
  const { url } = usher
  const ann = await open(url, { cookie, origin: url })
  ann.send('hello')
  t.equal(await ann.text(), 'hello')
  await ann.close()
  const plain = url.replace('https', 'http')
  for (const origin of [plain, 'https://evil.example', 'null']) {
    const options = { ca: first.cert, headers: { cookie, origin } }
    t.equal((await refused(`${url}/rooms/chat:a`, options)).status, 403, origin)
  }
  const stolen = cookie.replace('__Host-', '')
  const options = { ca: first.cert, headers: { cookie: stolen, origin: url } }
  t.equal((await refused(`${url}/rooms/chat:a`, options)).status, 401, 'by no other name')
  await nothingLeft(usher.app)
})

t.test('[C39] [C20] the address of a ticket is wss', async (t) => {
  const { usher } = await setUp(t)
  const { cookie } = await cookieOfAnn(usher)
  const headers = { ...JSON_TYPE, cookie, origin: usher.url }
  const { body } = await ask(`${usher.url}/tickets`, { method: 'POST', headers }, '{}')
  usher.keepSecret(JSON.parse(body).ticket)
  t.match(JSON.parse(body).url, /^wss:\/\/127\.0\.0\.1:\d+\/rooms\//)
})

t.test('[C39] [C36] [S4] in production TLS in the process is enough', async (t) => {
  const { usher } = await setUp(t, { production: true })
  const { status, headers } = await ask(`${usher.url}/rooms/chat:a`)
  t.equal(status, 401)
  t.match(headers['strict-transport-security'], /max-age=\d{7,}/)
})

t.test('[C39] new files are taken over, and open connections stay', async (t) => {
  const { clock, files, usher } = await setUp(t)
  const { cookie } = await cookieOfAnn(usher)
  const ann = await open(usher.url, { cookie, origin: usher.url })
  t.equal(await shown(usher.url), 'first')
  writeCertificate(files, second)
  t.equal(await shown(usher.url), 'first', 'not before the files are read again')
  await clock.advance(LOOK_MS)
  await until(async () => (await shown(usher.url)) === 'second')
  t.match(usher.log(), /new TLS certificate taken over/)
  ann.send('still here')
  t.equal(await ann.text(), 'still here')
  await ann.close()
  await nothingLeft(usher.app)
})

t.test('[C39] links that are moved to new files count, as certbot moves them', async (t) => {
  const clock = new ManualClock()
  const folder = t.testdir({ a: {}, b: {} })
  writeCertificate(certificateFiles(join(folder, 'a')), first)
  writeCertificate(certificateFiles(join(folder, 'b')), second)
  const files = certificateFiles(folder)
  const link = (name: string): void => {
    for (const part of ['cert', 'key'] as const) {
      symlinkSync(join(folder, name, `${part}.pem`), files[part])
    }
  }
  link('a')
  const usher = await startApp(t, { tls: files }, { clock })
  t.equal(await shown(usher.url), 'first')
  unlinkSync(files.cert)
  unlinkSync(files.key)
  link('b')
  await clock.advance(LOOK_MS)
  await until(async () => (await shown(usher.url)) === 'second')
})

const BROKEN: Record<string, Partial<Certificate>> = {
  'are cut short': { cert: second.cert.slice(0, 300), key: second.key },
  'are empty': { cert: '', key: '' },
  'do not belong together yet': { cert: second.cert, key: first.key },
  'are something else': { cert: 'no certificate', key: 'no key' },
}

for (const [what, broken] of Object.entries(BROKEN)) {
  t.test(`[C39] when new files ${what}, the old ones stay, and the log says it`, async (t) => {
    const { clock, files, usher } = await setUp(t)
    writeCertificate(files, { ...first, ...broken })
    await clock.advance(LOOK_MS)
    await until(() => usher.log().includes('the old one stays'))
    t.equal(await shown(usher.url), 'first')
    t.notMatch(usher.log(), /BEGIN|taken over/)
    await clock.advance(LOOK_MS)
    t.equal(usher.log().split('the old one stays').length, 2, 'and says it once')
    writeCertificate(files, second)
    await clock.advance(LOOK_MS)
    await until(async () => (await shown(usher.url)) === 'second')
  })
}

t.test('[C39] files that are gone for a while change nothing', async (t) => {
  const { clock, files, usher } = await setUp(t)
  unlinkSync(files.cert)
  await clock.advance(LOOK_MS)
  await until(() => usher.log().includes('the old one stays'))
  t.equal(await shown(usher.url), 'first')
})

t.test('[C39] plain HTTP and noise on the port are ended, and others served', async (t) => {
  const { usher } = await setUp(t)
  const port = Number(new URL(usher.url).port)
  const noises = ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', '\x16\x03\x01\x00\x05hello', '\r\n\r\n\r\n']
  for (const noise of noises) {
    const socket = connectTcp(port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.resume()
    socket.write(noise)
    await closed(socket)
  }
  t.equal((await ask(`${usher.url}/health/live`)).status, 200)
})

t.test('[C39] TLS before 1.2 is not spoken', async (t) => {
  const { usher } = await setUp(t)
  const versions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' } as const
  const options = { ...versions, rejectUnauthorized: false, ciphers: 'DEFAULT@SECLEVEL=0' }
  const port = Number(new URL(usher.url).port)
  const socket: TLSSocket = connectTls({ port, host: '127.0.0.1', ...options })
  const [error] = await once(socket, 'error')
  t.match(error.code, /PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/)
})

t.test('[C39] the process itself comes up with TLS', async (t) => {
  const folder = t.testdir()
  const files = certificateFiles(folder)
  writeCertificate(files, first)
  const env = { USHER_TLS_CERT: files.cert, USHER_TLS_KEY: files.key, USHER_DRAIN_SECONDS: '0' }
  const server = await startServer(t, { USHER_DATA: ':memory:', ...env })
  t.match(server.url, /^https:/)
  t.equal((await ask(`${server.url}/health/ready`)).status, 200)
  t.equal(await server.end('SIGTERM'), 0)
})

t.test('[C39] the boot names the setting whose file is wrong', async (t) => {
  const folder = t.testdir()
  const files = certificateFiles(folder)
  writeCertificate(files, first)
  const other = join(folder, 'other.pem')
  const none = join(folder, 'none.pem')
  writeFileSync(other, second.key)
  const CERT = 'USHER_TLS_CERT'
  const KEY = 'USHER_TLS_KEY'
  const wrong: [name: string, cert: string, key: string][] = [
    [CERT, '', files.key],
    [KEY, files.cert, ''],
    [CERT, none, files.key],
    [KEY, files.cert, none],
    [KEY, files.cert, folder],
    [CERT, files.key, files.key],
    [KEY, files.cert, files.cert],
    [KEY, files.cert, other],
  ]
  for (const [name, cert, key] of wrong) {
    const env = { USHER_DATA: ':memory:', [CERT]: cert, [KEY]: key }
    const { code, stderr } = await runServer(t, env)
    t.equal(code, 1)
    t.match(stderr, new RegExp(`^Usher does not start\\.\n${name}: .+\\.\n$`))
    t.notMatch(stderr, /BEGIN/)
  }
})
