// The types of every suite: two engines that share, and the failures that a suite may cause in one
// of them.
import type { Test } from 'tap'
import type { Engine } from '../../../src/engine/engine.ts'
import type { Limits } from '../../../src/protocol/limits.ts'

/**
 * Opens two engines that share and hold nothing yet; an engine for one node gives the same one
 * twice. The suite closes both.
 */
export type OpenShared = (t: Test) => Promise<readonly [Engine, Engine]>

/** The same, with these limits instead of the defaults. */
export type OpenWithin = (t: Test, limits: Partial<Limits>) => ReturnType<OpenShared>

export interface Subject {
  openShared: OpenShared
  /** Null for an engine that keeps no quotas. */
  openWithin: OpenWithin | null
  /**
   * Makes the lease of a node lapse; resolves when the node has renewed it. Null for an engine
   * whose lease cannot lapse.
   */
  lapse: ((engine: Engine) => Promise<void>) | null
  /**
   * Cuts a node off from what the others tell; returns how to end that. Null for an engine that
   * cannot be cut off.
   */
  cutOff: ((engine: Engine) => () => void) | null
}

/** The stores whose changes every node sees when their promise resolves. */
export type Stores = Pick<
  Engine,
  'accounts' | 'sessions' | 'refreshTokens' | 'tickets' | 'userStatus' | 'attempts'
>

export type OpenStores = (t: Test) => Promise<Stores>

/** The stores of two engines as if of one: each call goes to the other engine than the last. */
export function alternating([one, other]: readonly [Engine, Engine]): Stores {
  let calls = 0
  const both = <Name extends keyof Stores>(name: Name): Engine[Name] =>
    new Proxy(one[name], {
      get(_, property) {
        calls += 1
        const store = calls % 2 === 0 ? one[name] : other[name]
        const value: unknown = Reflect.get(store, property)
        return typeof value === 'function' ? value.bind(store) : value
      },
    })
  return {
    accounts: both('accounts'),
    sessions: both('sessions'),
    refreshTokens: both('refreshTokens'),
    tickets: both('tickets'),
    userStatus: both('userStatus'),
    attempts: both('attempts'),
  }
}

/** The nodes: one, where both engines are the same. */
export function nodesOf(engines: readonly [Engine, Engine]): Engine[] {
  return [...new Set(engines)]
}

/** The time within which every node knows a change of one of them. */
const KNOWN_MS = 2_000
const LOOK_AGAIN_MS = 5

/** Resolves when it holds; rejects when it does not within the time in which every node knows. */
export async function soon(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + KNOWN_MS
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`It did not hold within ${KNOWN_MS} ms.`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
  }
}
