// Opens the link that an address names, and finds out what that Redis is.
import { sleep } from '../../time/clock.ts'
import { type Durability, EngineRefused, type OnWaiting } from '../engine.ts'
import { addressOf } from './address.ts'
import { ClusterLink } from './cluster-link.ts'
import { reasonOf } from './errors.ts'
import type { RedisLink } from './link.ts'
import { textOf } from './replies.ts'
import { type LinkParts, SingleLink } from './single-link.ts'

/** A boot waits so long for Redis, and looks so often. */
const WAIT_MS = 30_000
const LOOK_MS = 200
const VERSION_MIN = 7

/** What no waiting mends. */
const FINAL = /^(NOAUTH|WRONGPASS|NOPERM|ERR AUTH)/

/** A link that is open, and what the Redis behind it is. */
export interface OpenLink {
  link: RedisLink
  durability: Durability
  /** Whether no answered write is ever lost, by a restart or a failover. */
  isLossless: boolean
}

/** @throws EngineRefused with a sentence that says what to do */
export async function openLink(parts: LinkParts, onWaiting: OnWaiting): Promise<OpenLink> {
  const single = new SingleLink(parts)
  await waitFor(single, parts, onWaiting)
  const server = await infoOf(single, 'server')
  const version = fieldIn(server, 'redis_version')
  if (Number.parseInt(version, 10) < VERSION_MIN) {
    await single.close()
    throw new EngineRefused(
      `${serversNamed(parts.url)} is version ${version}: Usher needs 7 or later.`,
    )
  }
  const durability = await durabilityOf(single)
  const isLossless = durability === 'disk' && !(await mayFailOver(single, parts))
  if (fieldIn(server, 'redis_mode') !== 'cluster') return { link: single, durability, isLossless }
  await single.close()
  const cluster = new ClusterLink(parts)
  await waitFor(cluster, parts, onWaiting)
  return { link: cluster, durability, isLossless }
}

async function waitFor(
  link: RedisLink & { open(): Promise<void> },
  parts: LinkParts,
  onWaiting: OnWaiting,
): Promise<void> {
  const { clock } = parts
  const deadline = clock.elapsed() + WAIT_MS
  let reason = await link.open().then(() => null, reasonOf)
  if (reason !== null && !FINAL.test(reason))
    onWaiting(`${serversNamed(parts.url)} is awaited: ${reason}`)
  while (reason !== null) {
    if (FINAL.test(reason) || clock.elapsed() > deadline) {
      await link.close()
      throw new EngineRefused(
        `${serversNamed(parts.url)} cannot be used: ${reason} Check USHER_REDIS_URL.`,
      )
    }
    await sleep(clock, LOOK_MS)
    reason = link.away
  }
}

/** Names the servers of an address for operators, without user and password. */
export function serversNamed(url: string): string {
  return `Redis at ${addressOf(url).servers.map(({ host, port }) => `${host}:${port}`)}`
}

/** How durable this Redis says that it is; where it does not tell its settings, the least. */
async function durabilityOf(link: RedisLink): Promise<Durability> {
  if (fieldIn(await infoOf(link, 'persistence'), 'aof_enabled') !== '1') return 'memory'
  const answer = await link.send('', ['CONFIG', 'GET', 'appendfsync']).catch(() => [])
  const [, fsync] = Array.isArray(answer) ? answer.map(textOf) : []
  return fsync === 'always' ? 'disk' : 'second'
}

/**
 * A replica that becomes the primary lacks what it had not been sent yet, though that is on the
 * disk of the former one.
 */
async function mayFailOver(link: RedisLink, { url }: LinkParts): Promise<boolean> {
  if (addressOf(url).watched !== null) return true
  if (fieldIn(await infoOf(link, 'replication'), 'connected_slaves') !== '0') return true
  if (fieldIn(await infoOf(link, 'cluster'), 'cluster_enabled') !== '1') return false
  const nodes = textOf(await link.send('', ['CLUSTER', 'NODES'])) ?? ''
  return /^\S+ \S+ \S*slave/m.test(nodes)
}

async function infoOf(link: RedisLink, section: string): Promise<string> {
  return textOf(await link.send('', ['INFO', section])) ?? ''
}

function fieldIn(info: string, field: string): string {
  return new RegExp(`^${field}:(\\S+)`, 'm').exec(info)?.[1] ?? ''
}
