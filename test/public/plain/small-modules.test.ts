// The page's small modules: close codes, names, waits, marks and file types.
import { test } from 'tap'
import { CLOSE, mayReconnect } from '../../../src/protocol/errors.ts'
import { ROOM_NAME_PATTERN } from '../../../src/protocol/names.ts'
import { pageModule } from './page-modules.ts'

const { backoffMs } = await pageModule('plain/backoff.js')
const codes = await pageModule('shared/close-codes.js')
const { fileTypeOf } = await pageModule('shared/file-type.js')
const { PendingEchoes } = await pageModule('plain/pending-echoes.js')
const { UsersHere, hereText } = await pageModule('plain/users-here.js')
const rooms = await pageModule('shared/room-name.js')

test('the page reads close codes as the server means them', async (t) => {
  for (let code = 1000; code < 5000; code += 1) {
    if (codes.mayReconnect(code) !== mayReconnect(code)) t.fail(`differs at ${code}`)
  }
  for (const { code, reason } of Object.values(CLOSE)) {
    t.notMatch(codes.closeSentence(code, reason), reason, `${code} has a sentence of its own`)
  }
  t.match(codes.closeSentence(4999, 'a word'), 'a word', 'an unknown code gives its reason')
  t.match(codes.closeSentence(4999, ''), '4999', 'or itself')
})

test('room names are the server’s, without the two that a URL swallows', async (t) => {
  const personal = ['user:a%7Cb', `user:${'x'.repeat(128)}`, `user:${'x'.repeat(129)}`, 'users:%']
  const others = ['chat:lobby', 'A.b_c~d@e-f', 'x'.repeat(128), '', 'a b', 'a/b', 'ä', '$']
  for (const name of [...others, ...personal]) {
    t.equal(rooms.isRoomName(name), new RegExp(ROOM_NAME_PATTERN).test(name), name)
  }
  t.equal(rooms.isRoomName('.'), false)
  t.equal(rooms.isRoomName('..'), false)
  t.equal(rooms.isRoomName('...'), true)
})

test('a room is reached by ws: under http and by wss: under https', async (t) => {
  t.equal(rooms.roomSocketUrl('chat:a', 'http://h:1/'), 'ws://h:1/rooms/chat%3Aa')
  t.equal(rooms.roomSocketUrl('chat:a', 'https://h:1/#chat:b'), 'wss://h:1/rooms/chat%3Aa')
  t.equal(rooms.roomSocketUrl('user:a%7Cb', 'http://h/'), 'ws://h/rooms/user%3Aa%257Cb')
  t.equal(rooms.roomSocketUrl('chat:a', 'https://h/rt/?a#b'), 'wss://h/rt/rooms/chat%3Aa')
})

test('a link names a room, and nothing else', async (t) => {
  t.equal(rooms.roomOfHash('#chat:lobby'), 'chat:lobby')
  t.equal(rooms.roomOfHash('#chat%3Alobby'), 'chat:lobby')
  t.equal(rooms.roomOfHash('#<script>'), '')
  t.equal(rooms.roomOfHash(''), '')
})

test('waits have full jitter: from nothing to the ceiling', async (t) => {
  const [least, half, most] = [0, 0.5, 1].map((drawn) => () => drawn)
  t.equal(backoffMs(0, least), 0)
  t.equal(backoffMs(3, half), 4_000)
  t.equal(backoffMs(999, most), 20_000)
})

test('echoes find their own lines in order, by kind and content', async (t) => {
  const own = new PendingEchoes<string>()
  const bytes = (text: string) => new TextEncoder().encode(text)
  own.add('same', 'first')
  own.add(bytes('same'), 'binary')
  own.add('same', 'second')
  own.add('never', 'third')
  t.equal(own.takeEchoOf('other'), null)
  t.equal(own.takeEchoOf('same'), 'first')
  t.equal(own.takeEchoOf('same'), 'second')
  t.equal(own.takeEchoOf('same'), null)
  t.equal(own.takeEchoOf(bytes('samE')), null)
  t.equal(own.takeEchoOf(bytes('same')), 'binary')
  t.same(own.takeAll(), ['third'])
  t.same(own.takeAll(), [])
})

test('only bytes that begin like a picture are shown as one', async (t) => {
  const typeOf = (text: string) => fileTypeOf(Buffer.from(text, 'latin1')).type
  t.equal(typeOf('\x89PNG\r\n\x1a\n'), 'image/png')
  t.equal(typeOf('\xff\xd8\xff\xe0'), 'image/jpeg')
  t.equal(typeOf('GIF89a'), 'image/gif')
  t.equal(typeOf('RIFF....WEBP'), 'image/webp')
  t.equal(typeOf('RIFF....WAVE'), 'application/octet-stream')
  t.equal(typeOf('<svg onload="alert(1)">'), 'application/octet-stream')
  t.equal(typeOf('<!doctype html>'), 'application/octet-stream')
  t.equal(typeOf(''), 'application/octet-stream')
})

test('a user is shown as gone ten seconds after the page missed it, and not before', async (t) => {
  const here = new UsersHere()
  const [ann, bob, guests] = [
    { user: 'u_1', name: 'ann' },
    { user: 'u_2', name: null },
    { user: null, name: null },
  ]
  t.same(here.seen([ann, bob, guests], 0), ['ann', 'u_2', 'guests'])
  t.same(here.seen([ann], 10_000), ['ann', 'u_2', 'guests'], 'it was there a moment before')
  t.same(here.seen([ann, bob], 15_000), ['ann', 'u_2', 'guests'], 'one came back')
  t.same(here.seen([ann, bob], 20_000), ['ann', 'u_2'])
  t.same(here.seen([{ ...ann, name: 'Ann' }], 21_000), ['Ann', 'u_2'])
  here.clear()
  t.same(here.seen([], 22_000), [])
  t.equal(hereText(['ann', 'bob']), '2 here: ann, bob')
  t.equal(hereText(Array(21).fill('x')), `21 here: ${'x, '.repeat(20)}…`)
})
