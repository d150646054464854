// Which names clients may choose.
import { test } from 'tap'
import {
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

test('[S31] no name has a line end, a NUL or another control character', async (t) => {
  for (const pattern of [ROOM_NAME_PATTERN, USER_ID_PATTERN, USERNAME_PATTERN]) {
    for (const end of ['\n', '\r', '\0', '\u2028', '\t']) {
      t.notOk(new RegExp(pattern).test(`a${end}`), `U+${end.codePointAt(0)?.toString(16)}`)
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
