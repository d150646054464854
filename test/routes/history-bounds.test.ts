// What reading history may cost: the bytes of an answer, pages that a client has already, and the
// budget of a user.
import t from 'tap'
import { type StartedApp, startApp } from '../support/app.ts'
import { asServer, call, person } from '../support/people.ts'
import { limited, ruled } from '../support/settings.ts'

const MESSAGES = '/rooms/chat:a/messages'
const MIB = 1_048_576
/** JSON writes each of these in six bytes. */
const LARGE = '\u0001'.repeat(65_536)

interface Read {
  messages: { offset: number; data: unknown }[]
  offset: number
  redactions: number | null
}

async function say({ url }: StartedApp, text: string) {
  const headers = { ...asServer, 'content-type': 'text/plain' }
  await fetch(url + MESSAGES, { method: 'POST', headers, body: text })
}

async function read({ url }: StartedApp, query = '', headers: Record<string, string> = asServer) {
  const response = await fetch(url + MESSAGES + query, { headers })
  const text = await response.text()
  const page: Read = text === '' ? null : JSON.parse(text)
  const offsets = page?.messages?.map(({ offset }) => offset) ?? []
  const tag = response.headers.get('etag') ?? ''
  return { status: response.status, response, bytes: text.length, page, offsets, tag }
}

/** How many pages the engine is asked for from now on. */
function pagesOf({ app }: StartedApp): () => number {
  const { log } = app.engine
  const { read } = log
  let pages = 0
  log.read = (...args) => {
    pages += 1
    return read(...args)
  }
  return () => pages
}

t.test('[C111] a page is bounded by the bytes of its JSON, and a client reads on', async (t) => {
  const usher = await startApp(t)
  for (let i = 0; i < 7; i += 1) await say(usher, LARGE)
  const seen: number[] = []
  for (let after = 0; after < 7; ) {
    const { bytes, page, offsets } = await read(usher, `?after=${after}`)
    t.ok(bytes <= MIB, `${bytes} bytes`)
    t.equal(page.offset, 7, 'the newest tells that there is more')
    seen.push(...offsets)
    after = offsets.at(-1) ?? 7
  }
  t.same(seen, [1, 2, 3, 4, 5, 6, 7])
  t.same((await read(usher, '?order=desc')).offsets, [7, 6], 'what is left out is the oldest')
  const { page } = await read(usher, '?limit=1')
  t.equal(page.messages[0]?.data, LARGE)
})

t.test('[C111] one message is always in a page, however large its JSON is', async (t) => {
  const usher = await startApp(t, limited({ messageBytes: 262_144 }))
  for (const text of ['small', '\u0001'.repeat(262_144), 'small']) await say(usher, text)
  t.same((await read(usher)).offsets, [1])
  const { bytes, offsets } = await read(usher, '?after=1')
  t.same(offsets, [2])
  t.ok(bytes > MIB)
})

t.test('[C112] a page that a client has costs no page and none of its budget', async (t) => {
  const usher = await startApp(t, limited({ readBytesPerSecondPerUser: 100 }))
  const ann = await person(usher)
  await say(usher, 'x'.repeat(5_000))
  const { tag, status } = await read(usher, '', ann.bearer)
  t.equal(status, 200)
  const pages = pagesOf(usher)
  for (let i = 0; i < 50; i += 1) {
    const headers = { ...ann.bearer, 'if-none-match': tag }
    t.equal((await read(usher, '', headers)).status, 304)
  }
  const weak = { ...ann.bearer, 'if-none-match': `"other", W/${tag}` }
  t.equal((await read(usher, '', weak)).status, 304, 'as a proxy that compresses writes it')
  t.equal(pages(), 0)
  t.equal((await read(usher, '', ann.bearer)).status, 429, 'the page itself has used it up')
})

t.test(
  '[C112] a redaction outside a page, a message and another query change the tag',
  async (t) => {
    const usher = await startApp(t)
    for (const text of ['a', 'b', 'c']) await say(usher, text)
    const known = async (query: string, tag: string) =>
      (await read(usher, query, { ...asServer, 'if-none-match': tag })).status
    const first = await read(usher, '?after=2')
    t.equal(await known('?after=2', first.tag), 304)
    t.equal(await known('?after=1', first.tag), 200)
    await call(`${usher.url}${MESSAGES}/1`, 'DELETE', { headers: asServer })
    t.equal(await known('?after=2', first.tag), 200, 'the page tells how many were redacted')
    const second = await read(usher, '?after=2')
    t.equal(second.page.redactions, 1)
    await say(usher, 'd')
    t.equal(await known('?after=2', second.tag), 200)
  },
)

t.test('[C112] a message that is no longer kept changes the tag', async (t) => {
  const usher = await startApp(t, ruled({ match: '*', history: { messages: 9, ageMs: 200 } }))
  await say(usher, 'a')
  const { tag, offsets } = await read(usher)
  t.same(offsets, [1])
  let later = await read(usher, '', { ...asServer, 'if-none-match': tag })
  while (later.status === 304) {
    later = await read(usher, '', { ...asServer, 'if-none-match': tag })
  }
  t.same(later.offsets, [])
})

t.test('[C113] a user who has read too much waits, others and server keys do not', async (t) => {
  const open = ruled({ match: '*', join: ['anyone'], history: { messages: 9, ageMs: null } })
  const usher = await startApp(t, { ...open, ...limited({ readBytesPerSecondPerUser: 100 }) })
  const [ann, bob] = [await person(usher), await person(usher)]
  await say(usher, 'x'.repeat(5_000))
  t.equal((await read(usher, '', ann.bearer)).status, 200)
  const { status, response, page } = await read(usher, '', ann.bearer)
  t.equal(status, 429)
  t.match(page, { error: 'too_many_requests', code: 111 })
  t.ok(Number(response.headers.get('retry-after')) > 10, 'until the bytes are paid for')
  t.equal((await read(usher, '', bob.bearer)).status, 200)
  t.equal((await read(usher, '', {})).status, 200, 'who has no user counts by address')
  t.equal((await read(usher, '', {})).status, 429)
  for (let i = 0; i < 3; i += 1) t.equal((await read(usher)).status, 200)
  const metrics = await fetch(`${usher.url}/metrics`, { headers: asServer })
  const hits = /usher_limit_hits_total\{limit="readBytesPerSecondPerUser"\} 2/
  t.match(await metrics.text(), hits)
})
