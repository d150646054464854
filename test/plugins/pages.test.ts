// The pages are answered from memory, or file by file: no client keeps a file open by not reading.
import { readdirSync, readlinkSync } from 'node:fs'
import { test } from 'tap'
import { startApp } from '../support/app.ts'
import { rawSocket } from '../support/client.ts'
import { until } from '../support/until.ts'

const PAGES = [
  ...['/docs', '/docs/', '/docs/json', '/docs/yaml'],
  ...['/docs/static/swagger-ui-bundle.js', '/docs/static/swagger-initializer.js'],
]

/** Files of the page for people and of the API pages that this process has open. */
function openFiles(): string[] {
  const targets = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return ''
    }
  })
  return targets.filter((path) => /\/public\/|swagger-ui/.test(path))
}

test('[S42] an API page has a tag, by which a client that has it is answered 304', async (t) => {
  const { url } = await startApp(t)
  for (const path of PAGES) {
    const first = await fetch(url + path)
    t.equal(first.status, 200, path)
    const tag = first.headers.get('etag') ?? ''
    t.match(tag, /^"[\w-]{43}"$/, path)
    const text = await first.text()
    t.ok(text.length > 100, path)
    for (const asked of [tag, `"other", W/${tag}`, '*']) {
      const again = await fetch(url + path, { headers: { 'if-none-match': asked } })
      t.equal(again.status, 304, `${path} ${asked}`)
      t.equal(await again.text(), '')
    }
    const other = await fetch(url + path, { headers: { 'if-none-match': '"other"' } })
    t.equal(await other.text(), text, path)
  }
})

test('a path below the API pages that is no file of theirs is a 404', async (t) => {
  const { url } = await startApp(t)
  for (const path of ['index.html', 'csp.json', '..%2Findex.js', '%00', 'constructor', '']) {
    const answer = await fetch(`${url}/docs/static/${path}`)
    t.equal(answer.status, 404, path)
    t.match(await answer.json(), { error: 'not_found', code: 104 }, path)
  }
})

test('[S42] clients that do not read keep no file open', async (t) => {
  const { url, app } = await startApp(t)
  let answered = 0
  app.server.on('request', (_request, response) => response.once('finish', () => (answered += 1)))
  const paths = ['/', '/chat/app.js', '/shared/style.css', ...PAGES]
  const sockets = await Promise.all(paths.map(() => rawSocket(url)))
  for (const [index, socket] of sockets.entries()) {
    socket.pause()
    // More than the system takes of an answer that is not read.
    socket.write(`GET ${paths[index]} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(8))
  }
  await until(() => answered >= 3)
  await until(() => openFiles().length === 0)
  t.same(openFiles(), [])
  for (const socket of sockets) socket.destroy()
})

test('[S43] files are read a few at a time, and each waiting request gets its own', async (t) => {
  const { url, app } = await startApp(t)
  const names = [
    'chat/app.js',
    'shared/style.css',
    'index.html',
    'shared/http.js',
    'plain/talk.css',
  ]
  const texts = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const name = names[index % names.length]
      const answer = await fetch(`${url}/${name}`)
      t.equal(answer.status, 200)
      return `${name} ${(await answer.text()).length} ${answer.headers.get('content-length')}`
    }),
  )
  t.equal(new Set(texts).size, names.length)
  t.equal(app.engine.shares.held('files'), 0, 'all turns have ended')
})

test('[S42] text files travel as gzip where the client takes it, and are the same', async (t) => {
  const { url, app } = await startApp(t)
  const ask = async (path: string, encoding: string) => {
    const answer = await fetch(url + path, { headers: { 'accept-encoding': encoding } })
    const { headers } = answer
    return {
      bytes: Buffer.from(await answer.arrayBuffer()),
      ...{ encoding: headers.get('content-encoding'), length: headers.get('content-length') },
      ...{ vary: headers.get('vary'), tag: headers.get('etag') },
    }
  }
  for (const path of ['/', '/sdk/centrifuge.js', '/manifest.webmanifest']) {
    const [zipped, plain] = [await ask(path, 'gzip, br'), await ask(path, 'gzip;q=0')]
    t.match(zipped, { encoding: 'gzip', vary: /accept-encoding/i }, path)
    t.equal(plain.encoding, null, path)
    t.ok(zipped.bytes.equals(plain.bytes), path)
    t.ok(Number(zipped.length) < Number(plain.length), path)
    const headers = { 'if-none-match': zipped.tag ?? '' }
    t.equal((await app.inject({ url: path, headers })).statusCode, 304, path)
  }
  t.equal((await ask('/icon-192.png', 'gzip')).encoding, null, 'a picture is small already')
})
