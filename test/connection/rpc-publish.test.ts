// What rpc("publish") takes, before anything is published.
import { test } from 'tap'
import type { Conversation } from '../../src/connection/commands/conversation.ts'
import { rpcPublish } from '../../src/connection/commands/rpc-publish.ts'

const DATA = {
  'no JSON': '{"room":"chat:a","data":',
  'no object': '"chat:a"',
  'without a message': '{"room":"chat:a"}',
  'without a room': '{"data":1}',
  'with a key that is none': '{"room":"chat:a","data":1,"key":1}',
  'bytes that are no UTF-8, which Protobuf may bring': '{"room":"chat:a","data":"\xff"}',
}

for (const [what, data] of Object.entries(DATA)) {
  test(`[C321] refused: ${what}`, async (t) => {
    const command = { type: 'rpc', id: 1, method: 'publish' } as const
    const call = () =>
      rpcPublish({} as Conversation, { ...command, data: Buffer.from(data, 'latin1') })
    t.throws(call, { name: 'Refusal', message: /^publish takes / })
  })
}
