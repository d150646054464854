// What the chat knows without a window: messages, rows, words, and the files that its worker keeps.
import { globSync, readFileSync } from 'node:fs'
import { test } from 'tap'

const at = (path: string): string => new URL(`../../../public/${path}`, import.meta.url).href

interface Content {
  text: string
  reply: { offset: number; name: string; text: string } | null
  file: { name: string; type: string; bytes: Uint8Array; width: number } | null
}

interface Message {
  id: string
  offset: number | undefined
  key: string | undefined
  user: string
  isOwn: boolean
  time: number
  state: string
  data: unknown
}

const { contentOf, summaryOf, base64Of } = (await import(at('chat/message-data.js'))) as {
  contentOf(data: unknown): Content
  summaryOf(content: Content | null): string
  base64Of(bytes: Uint8Array): string
}
const { MessageStore } = (await import(at('chat/message-store.js'))) as {
  MessageStore: new () => {
    all: Message[]
    oldest: number | undefined
    newest: number
    isFull: boolean
    put(message: object): void
    takenBack(offset: number): void
    drop(key: string): void
    clear(): void
  }
}
const { rowsOf } = (await import(at('chat/views/rows.js'))) as {
  rowsOf(messages: object[], unreadFrom: number | null, now: number): Record<string, unknown>[]
}
const words = (await import(at('chat/views/words.js'))) as {
  linksIn(text: string): { text: string; href: string }[]
  initials(name: string): string
  dayText(ms: number, now: number): string
}
const { roomCalled } = (await import(at('chat/views/join-dialog.js'))) as {
  roomCalled(text: string): string
}

const message = (offset: number | undefined, more: object = {}) => ({
  ...{ id: String(offset), offset, key: undefined, user: 'ada', name: 'ada', isOwn: false },
  ...{ time: 1_000, state: 'sent', data: { key: 'k', text: 'hello' }, ...more },
})

test('anything that others send is shown, and nothing of it is trusted', (t) => {
  t.equal(contentOf('plain text').text, 'plain text')
  t.equal(contentOf({ a: [1] }).text, '{"a":[1]}')
  t.equal(contentOf({ text: 7, reply: { offset: 'x' }, file: {} }).text, '')
  t.equal(contentOf({ text: '', file: { base64: '%%%' } }).file, null)
  const html = base64Of(Buffer.from('<script>alert(1)</script>'))
  const { file } = contentOf({ file: { name: 'x'.repeat(900), base64: html, width: -4 } })
  t.match(file, { type: 'application/octet-stream', width: 0 }, 'a page is a download')
  t.equal(file?.name.length, 120)
  const png = base64Of(Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a))
  t.equal(contentOf({ b64: png }).file?.type, 'image/png', 'a picture is known by its bytes')
  t.equal(summaryOf(contentOf({ file: { name: 'a.txt', base64: png } })), 'Picture')
  t.equal(summaryOf(contentOf({ text: ' two \n lines ' })), 'two lines')
  t.match(summaryOf(null), /taken back/)
  t.end()
})

test('messages are in order and each once, whichever way they come', (t) => {
  const store = new MessageStore()
  const offsets = () => store.all.map(({ offset }) => offset)
  store.put(message(undefined, { key: 'mine', state: 'sending' }))
  store.put(message(5))
  store.put(message(3))
  t.same(offsets(), [3, 5, undefined])
  store.put(message(4, { key: 'mine' }))
  t.same(offsets(), [3, 4, 5], 'by its key it is the one that was on its way')
  store.put(message(4, { key: 'mine' }))
  store.put(message(4))
  t.same([store.all.length, store.oldest, store.newest], [3, 3, 5])
  store.takenBack(4)
  t.match(store.all[1], { content: null })
  store.put(message(undefined, { key: 'next', state: 'sending' }))
  store.clear()
  t.same(offsets(), [undefined], 'what waits stays when the room is loaded again')
  store.drop('next')
  t.equal(store.all.length, 0)
  t.end()
})

test('rows have days, where the unread begins, and groups of one sender', (t) => {
  const now = new Date(2026, 10, 27, 12).getTime()
  const day = 86_400_000
  const rows = rowsOf(
    [
      message(1, { time: now - day }),
      message(2, { time: now - 1_000 }),
      message(3, { time: now }),
      message(4, { time: now, user: 'bob' }),
    ],
    3,
    now,
  )
  const shown = rows.map(({ kind, text, isFirst, isLast }) =>
    kind === 'line' ? text : [isFirst, isLast],
  )
  t.same(shown, [
    ...['Yesterday', [true, true], 'Today', [true, false], [false, true]],
    ...['New messages', [true, true]],
  ])
  t.end()
})

test('links, initials and names of rooms are found in what people type', (t) => {
  t.same(words.linksIn('see https://a.test/x?y=1, or (http://b.test).'), [
    { text: 'see ', href: '' },
    { text: 'https://a.test/x?y=1', href: 'https://a.test/x?y=1' },
    { text: ', or (', href: '' },
    { text: 'http://b.test', href: 'http://b.test' },
    { text: ').', href: '' },
  ])
  t.same(words.linksIn('javascript:alert(1)'), [{ text: 'javascript:alert(1)', href: '' }])
  t.same(['ada', 'bob.martin', '', '日本 語'].map(words.initials), ['A', 'BM', '?', '日語'])
  t.same(['garden', 'my room', 'live:map', 'no/way', ''].map(roomCalled), [
    ...['chat:garden', 'chat:my-room', 'live:map', '', ''],
  ])
  t.end()
})

test('the worker keeps every file of the chat, so that it opens without a network', (t) => {
  const worker = readFileSync(new URL(at('service-worker.js')), 'utf8')
  const listed = [...worker.matchAll(/each\('([^']+)', '([^']+)'\)/g)].flatMap(
    ([, folder, names = '']) => names.split(' ').map((name) => `${folder}/${name}`),
  )
  const files = globSync('public/chat/**/*.{js,css}').map((path) => path.slice('public/'.length))
  t.same(listed.filter((path) => path.startsWith('chat/')).sort(), files.sort())
  t.end()
})

test('what is too deep to be written again ends no room', (t) => {
  const deep = JSON.parse('['.repeat(30_000) + ']'.repeat(30_000)) as unknown
  t.type(contentOf(deep).text, 'string')
  t.end()
})

test('names of files and quotes hide nothing of what they are', (t) => {
  const file = { name: 'invoice\u202efdp.exe', base64: 'AAAA' }
  const reply = { offset: 1, name: 'a\u200bda', text: 'two\nlines 👨\u200d👩' }
  const content = contentOf({ text: '', file, reply })
  t.equal(content.file?.name, 'invoicefdp.exe')
  t.match(content.reply, { name: 'ada', text: 'twolines 👨\u200d👩' })
  t.end()
})

test('a message that is not kept stands where it came, and one that waits at the end', (t) => {
  const store = new MessageStore()
  store.put(message(1))
  store.put(message(undefined, { key: 'mine', isOwn: true, state: 'sending', data: {} }))
  store.put(message(undefined, { data: { text: 'once' } }))
  store.put(message(2))
  t.same(
    store.all.map(({ offset, state }) => [offset, state]),
    [
      [1, 'sent'],
      [undefined, 'sent'],
      [2, 'sent'],
      [undefined, 'sending'],
    ],
  )
  store.put(message(3, { key: 'mine', isOwn: true }))
  t.equal(store.all.at(-1)?.offset, 3)
  t.end()
})

test('a store that is full says so, before older messages push out others', (t) => {
  const store = new MessageStore()
  for (let offset = 1; offset < 2_000; offset += 1) store.put(message(offset))
  t.equal(store.isFull, false)
  store.put(message(2_000))
  t.equal(store.isFull, true)
  t.end()
})
