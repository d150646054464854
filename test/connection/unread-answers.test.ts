// An answer that is not read: its TCP connection ends when no byte is taken for too long.
import { test } from 'tap'
import { type Answering, UnreadAnswers } from '../../src/connection/unread-answers.ts'

class FakeAnswering implements Answering {
  waitingBytes: number
  taken = 0
  readonly cuts: string[] = []

  constructor(waitingBytes: number) {
    this.waitingBytes = waitingBytes
  }

  take(bytes: number): void {
    this.waitingBytes -= bytes
    this.taken += bytes
  }

  cut(limit: string): void {
    this.cuts.push(limit)
  }
}

test('[S42] an answer of which no byte is taken ends after outboxSeconds', async (t) => {
  const unread = new UnreadAnswers({ outboxSeconds: 15, outboxTotalBytes: null })
  const still = new FakeAnswering(1_000)
  for (let second = 1; second <= 15; second += 1) unread.check([still], second * 1_000)
  t.same(still.cuts, [])
  unread.check([still], 16_000)
  t.same(still.cuts, ['outboxSeconds'])
  t.equal(unread.size, 0)
})

test('[S42] a client that takes bytes steadily is not taken for dead', async (t) => {
  const unread = new UnreadAnswers({ outboxSeconds: 15, outboxTotalBytes: null })
  const slow = new FakeAnswering(1_000)
  for (let second = 1; second <= 200; second += 1) {
    if (second % 14 === 0) slow.take(1)
    unread.check([slow], second * 1_000)
  }
  t.same(slow.cuts, [])
  slow.take(slow.waitingBytes)
  unread.check([slow], 201_000)
  t.equal(unread.size, 0, 'an answer that was read is not looked at')
})

test('[S42] over the bound of all, the answers with most bytes end', async (t) => {
  const unread = new UnreadAnswers({ outboxSeconds: 15, outboxTotalBytes: 1_000 })
  const answers = [300, 600, 400].map((bytes) => new FakeAnswering(bytes))
  unread.check(answers, 1_000)
  t.same(
    answers.map(({ cuts }) => cuts),
    [[], ['outboxTotalBytes'], []],
  )
})
