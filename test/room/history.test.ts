// The part of the history that a room keeps in memory, when the history changes while it is read.
import t from 'tap'
import type { MessageLog, Page } from '../../src/engine/message-log.ts'
import { NO_HOLDER } from '../../src/engine/shares.ts'
import type { Message } from '../../src/protocol/message.ts'
import { History } from '../../src/room/history.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { sharesWithin } from '../support/memory-shares.ts'

const head = { epoch: 'e1', offset: 1 }

function page(text: string): Page {
  const payload = Buffer.from(text)
  const said = { kind: 'text', payload, user: null, name: null, origin: null, time: 0 } as const
  return { head, oldest: 1, redactions: 0, userRedactions: 0, messages: [{ ...said, ...head }] }
}

const texts = ({ messages }: { messages: readonly Message[] }): string[] =>
  messages.map(({ payload }) => String(payload))

t.test('[C96] a message that was redacted while it was read does not stay in memory', async (t) => {
  const reads: ((page: Page) => void)[] = []
  const read = () => new Promise<Page>((resolve) => reads.push(resolve))
  const log = { read, head: async () => head } as unknown as MessageLog
  const clock = new ManualClock()
  const retention = { messages: 10, ageMs: null }
  const history = new History({ log, clock, shares: sharesWithin(), room: 'chat:1', retention })

  const first = history.after(0, { holder: NO_HOLDER })
  history.forget()
  const second = history.after(0, { holder: NO_HOLDER })
  reads[0]?.(page('taken back'))
  reads[1]?.(page(''))
  t.same(texts(await second), [''])
  await new Promise(setImmediate)
  reads[2]?.(page(''))
  t.same(texts(await first), [''], 'a caller that waited for the former read gets the new one')
  t.same(texts(await history.after(0, { holder: NO_HOLDER })), [''], 'and so does a later caller')
})
