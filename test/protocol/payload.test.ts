// Which bytes count as text and as JSON.
import { test } from 'tap'
import { isJson, isText } from '../../src/protocol/payload.ts'

const INVALID_UTF8 = [
  [0xff],
  [0xc0, 0x80],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0xe2, 0x82],
]

test('one JSON value in UTF-8 is JSON', async (t) => {
  for (const text of ['{}', '[]', '"ä"', ' 1 ', 'null', 'true', '{"__proto__":1}']) {
    t.ok(isJson(Buffer.from(text)), text)
  }
})

test('anything but one JSON value is not JSON', async (t) => {
  for (const text of ['', ' ', '{', '1 2', "{'a':1}", 'undefined', 'NaN', '\ufeff{}', '{"a":1,}']) {
    t.notOk(isJson(Buffer.from(text)), JSON.stringify(text))
  }
})

test('bytes that are not UTF-8 are neither text nor JSON', async (t) => {
  for (const bytes of INVALID_UTF8) {
    t.notOk(isText(Buffer.from(bytes)), `${bytes}`)
    t.notOk(isJson(Buffer.from([0x22, ...bytes, 0x22])), `${bytes} in quotes`)
  }
})

test('nothing at all is text', async (t) => {
  t.ok(isText(Buffer.alloc(0)))
  t.ok(isText(Buffer.from('grüße 🎭')))
})
