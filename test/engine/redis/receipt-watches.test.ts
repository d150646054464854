// Channels of receipts: subscribed while a room is watched and some time after, and told of where
// something may have been missed.
import t from 'tap'
import { Keys } from '../../../src/engine/redis/keys.ts'
import type { OnDoubt, RedisLink } from '../../../src/engine/redis/link.ts'
import { RedisReceiptWatches } from '../../../src/engine/redis/receipt-watches.ts'
import { ManualClock } from '../../support/manual-clock.ts'

const keys = new Keys('usher:')

/** Watches on a link that only notes what it is asked. */
function opened() {
  const clock = new ManualClock()
  const channels = new Map<string, () => void>()
  const doubters = new Set<OnDoubt>()
  const state = { fails: false }
  const link = {
    async subscribe(channel: string, onMessage: () => void) {
      if (state.fails) throw new Error('away')
      channels.set(channel, onMessage)
    },
    unsubscribe: (channel: string) => void channels.delete(channel),
    onDoubt(onDoubt: OnDoubt) {
      doubters.add(onDoubt)
      return () => void doubters.delete(onDoubt)
    },
  } as unknown as RedisLink
  const watches = new RedisReceiptWatches({ link, keys, clock })
  const told: string[] = []
  const watch = (room: string) => watches.watch(room, () => told.push(room))
  const doubt = (isConcerned = (_: string) => true) => {
    for (const onDoubt of doubters) onDoubt('lost', isConcerned)
  }
  return { clock, channels, doubters, state, watches, told, watch, doubt }
}

t.test('a channel stays for 10 s after its last watcher, and serves those who come', async (t) => {
  const { clock, channels, watches, told, watch } = opened()
  const [one, other] = [await watch('a'), await watch('a')]
  t.equal(channels.size, 1)
  const hear = channels.get(keys.room('a', 'rc'))
  hear?.()
  t.same(told, ['a', 'a'])
  one.stop()
  one.stop()
  await clock.advance(20_000)
  t.equal(channels.size, 1, 'another watches')
  other.stop()
  await clock.advance(9_000)
  const again = await watch('a')
  await clock.advance(20_000)
  t.equal(channels.get(keys.room('a', 'rc')), hear, 'the same subscription')
  again.stop()
  hear?.()
  t.equal(told.length, 2, 'no watcher is left')
  await clock.advance(11_000)
  t.same([channels.size, watches.size], [0, 0])
})

t.test('a room whose channel could not be subscribed is tried again', async (t) => {
  const { channels, state, watches, watch } = opened()
  state.fails = true
  await t.rejects(watch('a'), /away/)
  t.equal(watches.size, 0)
  state.fails = false
  await watch('a')
  t.equal(channels.size, 1)
})

t.test('all rooms that may have missed something are told, not all at once', async (t) => {
  const { clock, doubters, told, watches, watch, doubt } = opened()
  const rooms = Array.from({ length: 1_500 }, (_, i) => `room-${i}`)
  await Promise.all(rooms.map(watch))
  doubt((channel) => channel === keys.room('room-7', 'rc'))
  t.same(told.splice(0), ['room-7'])
  doubt()
  t.equal(told.length, 1_000)
  doubt()
  await clock.advance(2_000)
  t.equal(new Set(told).size, 1_500)
  watches.close()
  t.equal(doubters.size, 0)
})
