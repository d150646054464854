// The contract of every engine, with two that share. An engine's test registers it with its
// Subject.
import type { Test } from 'tap'
import { attemptContract } from './attempt-store.ts'
import { deletionContract } from './deletion.ts'
import { lifeContract } from './engine-life.ts'
import { historyContract } from './history.ts'
import { accountContract, sessionContract } from './identity-store.ts'
import { messageLogContract } from './message-log.ts'
import { presenceContract } from './presence-store.ts'
import { quotaContract } from './quotas.ts'
import { receiptContract } from './receipt-store.ts'
import { refreshContract } from './refresh-store.ts'
import { revocationContract } from './revocations.ts'
import {
  alternating,
  type OpenShared,
  type OpenStores,
  type OpenWithin,
  type Subject,
} from './support/suite-setup.ts'
import { ticketContract } from './ticket-store.ts'
import { uplinkContract } from './uplinks.ts'
import { userStatusContract } from './user-status-store.ts'

/** Registers every suite as subtests of `t`. */
export function engineContract(t: Test, subject: Subject): void {
  const closing = async (t: Test, opening: ReturnType<OpenShared>) => {
    const engines = await opening
    for (const engine of engines) t.teardown(() => engine.close())
    return engines
  }
  const openShared: OpenShared = (t) => closing(t, subject.openShared(t))
  const { openWithin: openSubject } = subject
  const openWithin: OpenWithin | null =
    openSubject && ((t, limits) => closing(t, openSubject(t, limits)))
  const openStores: OpenStores = async (t) => alternating(await openShared(t))
  const shared = { ...subject, openShared }
  t.test('accounts', async (t) => accountContract(t, openStores))
  t.test('sessions', async (t) => sessionContract(t, openStores))
  t.test('tickets', async (t) => ticketContract(t, openStores))
  t.test('refresh tokens', async (t) => refreshContract(t, openStores))
  t.test('failed attempts', async (t) => attemptContract(t, openStores))
  t.test('user status', async (t) => userStatusContract(t, openShared))
  t.test('messages', async (t) => messageLogContract(t, shared))
  if (openWithin) t.test('quotas', async (t) => quotaContract(t, openWithin))
  t.test('history', async (t) => historyContract(t, openShared))
  t.test('deletion', async (t) => deletionContract(t, openShared))
  t.test('presence', async (t) => presenceContract(t, shared))
  t.test('receipts', async (t) => {
    const engines = await openShared(t)
    receiptContract(t, engines, openWithin)
  })
  t.test('revocations', async (t) => revocationContract(t, shared))
  t.test('uplinks', async (t) => uplinkContract(t, shared))
  t.test('opening and closing', async (t) => lifeContract(t, shared))
}
