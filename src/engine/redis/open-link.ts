// Opens the link that an address names, and finds out what that Redis is.
import { sleep } from '../../time/clock.ts'
import { EngineRefused, type OnWaiting } from '../engine.ts'
import { addressOf, nameOf } from './address.ts'
import { askOnce } from './ask-once.ts'
import { ClusterLink } from './cluster-link.ts'
import { fieldIn, infoOf, RedisDurability } from './durability.ts'
import { reasonOf } from './errors.ts'
import type { RedisLink } from './link.ts'
import { type LinkParts, SingleLink } from './single-link.ts'

/** A boot waits so long for Redis, and looks so often. */
const WAIT_MS = 30_000
const LOOK_MS = 200
const VERSION_MIN = 7

/** What no waiting mends. */
const FINAL = /^(NOAUTH|WRONGPASS|NOPERM|ERR AUTH)/

/** A link that is open, and how durable the Redis behind it is. */
export interface OpenLink {
  link: RedisLink
  durability: Pick<RedisDurability, 'now' | 'close'>
}

/** @throws EngineRefused with a sentence that says what to do */
export async function openLink(parts: LinkParts, onWaiting: OnWaiting): Promise<OpenLink> {
  const { clock } = parts
  let isCluster = false
  await waitFor(parts, onWaiting, async () => {
    isCluster = await isOfCluster(parts)
    return null
  })
  const link = isCluster ? new ClusterLink(parts) : new SingleLink(parts)
  const isWatched = addressOf(parts.url).watched !== null
  const durability = new RedisDurability({ link, clock, isWatched })
  try {
    let first: Promise<void> | null = link.open()
    await waitFor(parts, onWaiting, async () => {
      await first
      first = null
      return link.away
    })
    const version = fieldIn(await infoOf(link, 'server'), 'redis_version')
    if (Number.parseInt(version, 10) < VERSION_MIN) {
      throw new EngineRefused(
        `${serversNamed(parts.url)} is version ${version}: Usher needs 7 or later.`,
      )
    }
    await durability.look()
  } catch (error) {
    durability.close()
    await link.close()
    throw error
  }
  return { link, durability }
}

/** A server of a Cluster need not be a primary: it names the others. */
async function isOfCluster({ url, clock }: LinkParts): Promise<boolean> {
  const { access, servers, watched } = addressOf(url)
  if (watched !== null) return false
  const ask = { server: servers[0], access, clock }
  return await askOnce({
    ...ask,
    ask: async (sender) => {
      const info = String(await sender.sendCommand(['INFO', 'server']))
      return fieldIn(info, 'redis_mode') === 'cluster'
    },
  })
}

/** Waits until `look` gives null, and no reason why Redis cannot be used yet. */
async function waitFor(
  parts: LinkParts,
  onWaiting: OnWaiting,
  look: () => Promise<string | null>,
): Promise<void> {
  const { clock } = parts
  const deadline = clock.elapsed() + WAIT_MS
  let isTold = false
  for (;;) {
    const reason = await look().catch(reasonOf)
    if (reason === null) return
    if (FINAL.test(reason) || clock.elapsed() > deadline) {
      throw new EngineRefused(
        `${serversNamed(parts.url)} cannot be used: ${reason} Check USHER_REDIS_URL.`,
      )
    }
    if (!isTold) onWaiting(`${serversNamed(parts.url)} is awaited: ${reason}`)
    isTold = true
    await sleep(clock, LOOK_MS)
  }
}

/** Names the servers of an address for operators, without user and password. */
export function serversNamed(url: string): string {
  return `Redis at ${addressOf(url).servers.map(nameOf)}`
}
