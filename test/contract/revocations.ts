// The contract of revocations: every node is told soon, also one that was away.
import type { Test } from 'tap'
import type { Revocation } from '../../src/protocol/identity.ts'
import { type Subject, soon } from './support/suite-setup.ts'

export function revocationContract(t: Test, { openShared, cutOff }: Subject): void {
  t.test('a revocation reaches every follower on every node, in order', async (t) => {
    const [one, other] = await openShared(t)
    const heard: [Revocation[], Revocation[]] = [[], []]
    one.revocations.follow((revocation) => heard[0].push(revocation))
    other.revocations.follow((revocation) => heard[1].push(revocation))
    const expected = [{ session: 's_1' }, { user: 'u_1' }, { user: 'u_1', room: 'chat:1' }]
    for (const revocation of expected) await one.revocations.revoke(revocation)
    await soon(() => heard.every(({ length }) => length === expected.length))
    t.same(heard, [expected, expected])
  })

  t.test('a follower that stopped hears no more', async (t) => {
    const [one, other] = await openShared(t)
    const heard: Revocation[] = []
    const onRevoked = (revocation: Revocation) => heard.push(revocation)
    const stop = other.revocations.follow(onRevoked)
    other.revocations.follow(onRevoked)
    stop()
    stop()
    await one.revocations.revoke({ user: 'u_1' })
    await one.revocations.revoke({ user: 'u_2' })
    await soon(() => heard.length >= 2)
    t.same(heard, [{ user: 'u_1' }, { user: 'u_2' }], 'the other follower still does')
  })

  if (cutOff === null) return
  t.test('a node that was cut off reads on from where it was', async (t) => {
    const [one, other] = await openShared(t)
    const heard: Revocation[] = []
    other.revocations.follow((revocation) => heard.push(revocation))
    const expected = [{ user: 'u_1' }, { user: 'u_2' }, { user: 'u_3' }]
    await one.revocations.revoke({ user: 'u_1' })
    await soon(() => heard.length === 1)
    const back = cutOff(other)
    await one.revocations.revoke({ user: 'u_2' })
    back()
    await one.revocations.revoke({ user: 'u_3' })
    await soon(() => heard.length === 3)
    t.same(heard, expected)
  })
}
