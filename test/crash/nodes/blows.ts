// What befalls a service of several nodes, as a seed decides it. Each blow ends what it began
// before it resolves, so that a run may stop between any two.
import { setTimeout as pause } from 'node:timers/promises'
import type { Dice } from '../../support/dice.ts'
import { killRedis, loseAll, loseNewest, outsiderFirst } from './losses.ts'
import { failOver, moveSlot } from './many-servers.ts'
import { presenceWrong } from './presence.ts'
import type { ServiceNode } from './service-node.ts'
import type { Kind } from './store.ts'
import type { Blow, Targets } from './targets.ts'

const onNode =
  (strike: (node: ServiceNode, dice: Dice) => Promise<void>): Blow =>
  ({ service }, dice) =>
    strike(dice.pick(service.nodes), dice)

export const BLOWS: Readonly<{ [name: string]: Blow }> = {
  'node killed': onNode(async (node, dice) => {
    await node.kill()
    await pause(dice.below(500))
    node.spawn()
    await node.ready()
  }),
  'node frozen': onNode(async (node, dice) => {
    node.freeze(true)
    await pause(100 + dice.below(2_000))
    node.freeze(false)
  }),
  'node frozen past its lease': onNode(async (node) => {
    node.freeze(true)
    await pause(8_000)
    node.freeze(false)
  }),
  'link cut': onNode(async (node) => node.cutLink()),
  'link hangs': onNode(async (node, dice) => {
    node.holdLink(true)
    await pause(100 + dice.below(5_000))
    node.holdLink(false)
  }),
  'link delayed': onNode(async (node, dice) => {
    node.delayLink(() => 50 + dice.below(450))
    await pause(1_000 + dice.below(4_000))
    node.delayLink(() => 0)
  }),
  'Redis killed': (targets, dice) => killRedis(targets, dice, null),
  'Redis frozen': async ({ service }, dice) => {
    service.redis.signal('SIGSTOP')
    await pause(100 + dice.below(5_000))
    service.redis.signal('SIGCONT')
  },
  'all clients cut': async ({ clients }) => {
    for (const client of clients) client.cut()
  },
}

/** Of these a Redis that keeps every write is no victim. */
export const LOSSES: Readonly<{ [name: string]: Blow }> = {
  'Redis lost all': (targets, dice) => killRedis(targets, dice, loseAll),
  'Redis lost the newest': (targets, dice) => killRedis(targets, dice, loseNewest),
  'an outsider wrote first': (targets, dice) => outsiderFirst(targets, dice, 'without members'),
  'an outsider with a member wrote first': (targets, dice) =>
    outsiderFirst(targets, dice, 'with a member'),
}

const IN_BOTH = ['node killed', 'node frozen', 'node frozen past its lease', 'all clients cut']
const inBoth = Object.fromEntries(Object.entries(BLOWS).filter(([name]) => IN_BOTH.includes(name)))

/** Where Redis is more than one server; without replication that waits, a failover loses some. */
export const BLOWS_ON: { readonly [kind in Exclude<Kind, 'single'>]: typeof BLOWS } = {
  sentinel: { 'a replica took over': failOver, ...inBoth },
  cluster: { 'a slot moved': moveSlot, ...inBoth },
}

const ALL: typeof BLOWS = { ...BLOWS, ...LOSSES, ...BLOWS_ON.sentinel, ...BLOWS_ON.cluster }

const BETWEEN_MS = 1_500

/** So many blows, each named as it begins; after each, who is in the rooms must be said right. */
export async function strike(
  targets: Targets,
  dice: Dice,
  { blows, onBlow }: { blows: readonly string[]; onBlow: (name: string) => void },
): Promise<void> {
  for (const name of blows) {
    await pause(dice.below(BETWEEN_MS))
    onBlow(name)
    await ALL[name]?.(targets, dice)
    const wrong = await presenceWrong(targets, name)
    if (wrong !== null) targets.record.wrong(wrong)
  }
  await targets.service.ready()
}
