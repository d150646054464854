// The private part of Node's HTTP parser that is used: whether this release has it.
import type { Socket } from 'node:net'
import { test } from 'tap'
import { dropFurtherRequests, dropsAsExpected } from '../../../plugins/transports/parser-parts.ts'

test('this release of Node drops further requests as expected', async (t) => {
  t.ok(dropsAsExpected(dropFurtherRequests))
})

test('a release that goes on or fails is found out', async (t) => {
  const ways: ((tcp: Socket) => void)[] = [
    () => undefined,
    (tcp) => void tcp.pause(),
    () => {
      throw new Error('no such part')
    },
  ]
  for (const way of ways) t.notOk(dropsAsExpected(way), String(way))
})

test('where nothing is known of the parser, its absence is no error', async (t) => {
  let paused = 0
  const tcp = { pause: () => (paused += 1) } as unknown as Socket
  dropFurtherRequests(tcp)
  // A connection that has ended.
  dropFurtherRequests(Object.assign(tcp, { parser: null }))
  t.equal(paused, 2)
})
