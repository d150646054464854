// A store on Redis that a command moves: its link, and that no node lives meanwhile.
import type { Clock } from '../../time/clock.ts'
import { type Random, systemRandom } from '../../time/random.ts'
import { stayAwake } from '../../time/stay-awake.ts'
import { Keys } from './keys.ts'
import type { RedisLink } from './link.ts'
import { openLink, serversNamed } from './open-link.ts'
import { StoreHold } from './store-hold.ts'

export interface StoreAddress {
  url: string
  prefix: string
}

export interface HeldStore {
  link: RedisLink
  keys: Keys
  clock: Clock
  random: Random
  hold: StoreHold
  /** Whether no answered write is ever lost, by a restart or a failover. */
  isLossless: boolean
  /** For operators, without user and password. */
  name: string
  close(): Promise<void>
}

/** @throws EngineRefused with a sentence that says what to do, also while a node lives */
export async function holdStore(address: StoreAddress, clock: Clock): Promise<HeldStore> {
  const sleepAgain = stayAwake()
  try {
    const store = await openHeld(address, clock)
    const close = () => store.close().finally(sleepAgain)
    return { ...store, close }
  } catch (error) {
    sleepAgain()
    throw error
  }
}

async function openHeld({ url, prefix }: StoreAddress, clock: Clock): Promise<HeldStore> {
  const random = systemRandom
  const { link, durability } = await openLink({ url, clock, random }, () => {})
  const isLossless = durability.now === 'disk'
  durability.close()
  const keys = new Keys(prefix)
  const name = `${serversNamed(url)} (prefix ${prefix})`
  try {
    const hold = await StoreHold.begin({ link, keys, clock, random, name })
    const close = async () => {
      await hold.end()
      await link.close()
    }
    return { link, keys, clock, random, hold, isLossless, name, close }
  } catch (error) {
    await link.close()
    throw error
  }
}
