// Which names clients may choose.
import { array, assert as check, constantFrom, oneof, property, string } from 'fast-check'
import { test } from 'tap'
import {
  cleanName,
  NAME_CHARACTERS_MAX,
  nameIn,
  ownerOf,
  ROOM_NAME_PATTERN,
  USER_ID_PATTERN,
  USERNAME_PATTERN,
} from '../../src/protocol/names.ts'

const room = new RegExp(ROOM_NAME_PATTERN)

test('[S31] a room has 1 to 128 characters of the allowed ones', async (t) => {
  for (const name of ['a', 'chat:a', 'A.z_0~@-:', 'x'.repeat(128)]) t.match(name, room)
  for (const name of ['', 'x'.repeat(129), 'a b', 'a/b', 'a%2Fb', 'ä', 'a$b', '{a}', '*']) {
    t.notMatch(name, room)
  }
})

test('[S31] a personal room is named after any user id, and no other has a %', async (t) => {
  const id = new RegExp(USER_ID_PATTERN)
  for (const user of ['u_1', 'jwt:a%7Cb', '%', 'x'.repeat(128), 'user:%']) {
    t.match(user, id)
    t.match(`user:${user}`, room)
  }
  for (const name of [`user:${'x'.repeat(129)}`, 'user:a/b', 'user:a$b', 'a:user:%', 'User:%']) {
    t.notMatch(name, room)
  }
})

test('[S31] no name has a line end, a NUL or another control character', async (t) => {
  for (const pattern of [ROOM_NAME_PATTERN, USER_ID_PATTERN, USERNAME_PATTERN]) {
    for (const end of ['\n', '\r', '\0', '\u2028', '\t']) {
      t.notOk(new RegExp(pattern).test(`a${end}`), `U+${end.codePointAt(0)?.toString(16)}`)
      t.notOk(new RegExp(pattern).test(`user:a${end}`), 'nor a personal room')
    }
  }
})

test('a name that ends in $receipts is ours alone', async (t) => {
  t.notMatch('chat:a$receipts', room)
})

test('a user id may be percent-encoded, a username may not', async (t) => {
  t.match('acme:a%2Fb', new RegExp(USER_ID_PATTERN))
  t.notMatch('a%2Fb', new RegExp(USERNAME_PATTERN))
  t.notMatch('x'.repeat(65), new RegExp(USERNAME_PATTERN))
})

test('a personal room belongs to the user that it names', async (t) => {
  t.equal(ownerOf('user:u_1'), 'u_1')
  t.equal(ownerOf('user:'), '')
  t.equal(ownerOf('users:u_1'), null)
  t.equal(ownerOf('chat:user:u_1'), null)
})

/** What a name may not have: it hides, or turns round the text beside it. */
const HIDDEN = [
  ...['\0', '\t', '\n', '\r', '\u001b', '\u007f', '\u0085', '\u009b', '\u00ad'],
  ...['\u200b', '\u200c', '\u200d', '\u2060', '\ufeff', '\u034f', '\u180e', '\u3164', '\uffa0'],
  ...['\u061c', '\u200e', '\u200f', '\u202a', '\u202b', '\u202c', '\u202d', '\u202e'],
  ...['\u2066', '\u2067', '\u2068', '\u2069', '\u2028', '\u2029', '\u2800', '\ufe0f'],
  ...['\ud83d', '\udc4b', '\u{e0041}', '\u{1d173}'],
]

test('[S54] a name loses control, bidi, line and hidden characters', async (t) => {
  for (const hidden of HIDDEN) {
    const what = `U+${hidden.codePointAt(0)?.toString(16)}`
    t.equal(cleanName(`a${hidden}b`), 'ab', what)
    t.equal(cleanName(hidden), null, what)
  }
  t.equal(cleanName('  Zo\u00eb  Q. '), 'Zo\u00eb  Q.')
  t.equal(cleanName('Zoe\u0308'), 'Zo\u00eb', 'it is composed')
  t.equal(cleanName('e\u200b\u0301'), '\u00e9', 'also over what was hidden')
  t.equal(cleanName('\u5f20\u4f1f \u{1f44b}'), '\u5f20\u4f1f \u{1f44b}', 'and nothing else')
  for (const nothing of ['', ' ', '\u00a0\u3000', '\u200b \n']) t.equal(cleanName(nothing), null)
})

test('[S54] a name ends after 64 characters, and never inside one', async (t) => {
  const waves = '\u{1f44b}'.repeat(65)
  t.equal(cleanName(waves), '\u{1f44b}'.repeat(64))
  t.equal(cleanName('x'.repeat(65)), 'x'.repeat(64))
  t.equal(cleanName(`${'x'.repeat(63)} y`), 'x'.repeat(63), 'nor in a space')
})

test('[S54] a name that was cleaned is clean, whatever it was', async (t) => {
  const parts = oneof(
    string({ unit: 'grapheme' }),
    string({ unit: 'binary' }),
    constantFrom(...HIDDEN),
  )
  check(
    property(array(parts), (all) => {
      const name = cleanName(all.join(''))
      if (name === null) return
      t.equal(cleanName(name), name)
      t.ok(name.isWellFormed() && [...name].length <= NAME_CHARACTERS_MAX)
      t.notOk(HIDDEN.some((hidden) => [...name].includes(hidden)))
    }),
  )
})

test('[S54] no username is one that cleaning would change', async (t) => {
  const username = new RegExp(USERNAME_PATTERN)
  for (const hidden of [...HIDDEN, ' ', '\u0308', '\u00a0']) t.notMatch(`a${hidden}b`, username)
  t.notMatch('x'.repeat(NAME_CHARACTERS_MAX + 1), username)
  for (const name of ['Ann.Other@example-1', 'x'.repeat(64)]) t.equal(cleanName(name), name)
})

test('what travels with a user gives the name, else the username', async (t) => {
  t.equal(nameIn({ name: 'Ann', username: 'ann_1' }), 'Ann')
  for (const name of [undefined, null, 7, {}, '', '\u200b']) {
    t.equal(nameIn({ name, username: 'ann_1' }), 'ann_1')
  }
  t.equal(nameIn({ name: 7 }), null)
  t.equal(nameIn(null), null)
})
