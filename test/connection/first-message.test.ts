// Which first messages are credentials, and above all which are not.
import { test } from 'tap'
import { readFirstMessage } from '../../src/connection/first-message.ts'

function read(text: string | Buffer, binary = false) {
  return readFirstMessage({ payload: Buffer.from(text), binary })
}

test('[C34] a ticket or a token alone is a credential', async (t) => {
  t.same(read('{"ticket": "ut_x"}'), { kind: 'ticket', ticket: 'ut_x' })
  t.same(read('{"token": "t"}'), { kind: 'bearer', token: 't' })
  t.same(read(' \n{ "token" : "" } '), { kind: 'bearer', token: '' })
})

const WRONG: Record<string, string> = {
  nothing: '',
  'no JSON': 'ut_x',
  'half of it': '{"ticket": "ut_x"',
  'two values': '{"ticket": "a"}{"ticket": "b"}',
  null: 'null',
  'a string': '"ut_x"',
  'a list': '["ut_x"]',
  'a list like an entry': '[["ticket", "ut_x"]]',
  'no key': '{}',
  'another key': '{"cookie": "x"}',
  'another letter case': '{"Ticket": "x"}',
  'both keys': '{"ticket": "a", "token": "b"}',
  'a further key': '{"ticket": "a", "room": "b"}',
  'a prototype': '{"ticket": "a", "__proto__": {}}',
  'only a prototype': '{"__proto__": {"ticket": "a"}}',
  'a number': '{"ticket": 1}',
  'nothing in it': '{"ticket": null}',
  'an object in it': '{"token": {}}',
  'a list in it': '{"token": ["t"]}',
}

for (const [what, text] of Object.entries(WRONG)) {
  test(`[C34] a first message of ${what} is none`, async (t) => {
    t.equal(read(text), null)
  })
}

test('[C34] a binary frame is none, whatever it says', async (t) => {
  t.equal(read('{"ticket": "ut_x"}', true), null)
})

test('[C34] 4 KB is the most, and one byte more is none', async (t) => {
  const sized = (bytes: number) => `{"token": "${'t'.repeat(bytes - 13)}"}`
  t.equal(sized(4_096).length, 4_096)
  t.match(read(sized(4_096)), { kind: 'bearer' })
  t.equal(read(sized(4_097)), null)
})
