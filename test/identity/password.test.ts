// Passwords: how they are hashed, that one fits however it was typed, and raised parameters.
import { availableParallelism } from 'node:os'
import { test } from 'tap'
import type { Share, Shares } from '../../src/engine/shares.ts'
import { Passwords } from '../../src/identity/password.ts'
import { systemRandom } from '../../src/time/random.ts'
import { heldRow, sharesOf, sharesWithin } from '../support/memory-shares.ts'
import { formerHash } from './former-hash.ts'

const PASSWORD = 'correct horse battery'
const HERE = '192.0.2.1'
const ASKING = { address: HERE, server: null }
const passwordsWith = (shares: Shares = sharesWithin()) => new Passwords(shares, systemRandom)
const FORM = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$[\w+/]{22}\$[\w+/]{43}$/

test('[S21] a hash is argon2id with at least 19 MiB, two passes, and its own salt', async (t) => {
  const passwords = passwordsWith()
  const [first, second] = await Promise.all([
    passwords.hash(PASSWORD, ASKING),
    passwords.hash(PASSWORD, ASKING),
  ])
  const [, memory, passes, lanes] = FORM.exec(first) ?? []
  t.ok(Number(memory) >= 19_456)
  t.ok(Number(passes) >= 2)
  t.equal(lanes, '1')
  t.not(first, second)
})

test('a password fits its hash and no other does', async (t) => {
  const passwords = passwordsWith()
  const stored = await passwords.hash(PASSWORD, ASKING)
  t.same(await passwords.verify(PASSWORD, stored, HERE), { fits: true, rehashed: null })
  for (const other of ['', 'correct horse batterY', `${PASSWORD} `]) {
    t.same(await passwords.verify(other, stored, HERE), { fits: false, rehashed: null }, other)
  }
})

test('[S22] a password fits however its letters were composed', async (t) => {
  const passwords = passwordsWith()
  const stored = await passwords.hash('\u00e5ngstr\u00f6m \ufb01rst', ASKING)
  t.ok((await passwords.verify('a\u030angstro\u0308m first', stored, HERE)).fits)
  t.notOk((await passwords.verify('angstrom first', stored, HERE)).fits)
})

for (const [memory, passes] of [
  [9_728, 2],
  [19_456, 1],
] as const) {
  test(`[S21] a hash with m=${memory} and t=${passes} is raised once it fits`, async (t) => {
    const passwords = passwordsWith()
    const { fits, rehashed } = await passwords.verify(
      PASSWORD,
      formerHash(PASSWORD, { memory, passes }),
      HERE,
    )
    t.ok(fits)
    t.match(rehashed, FORM)
    t.same(await passwords.verify(PASSWORD, rehashed, HERE), { fits: true, rehashed: null })
  })
}

test('[S21] a wrong password never replaces a weaker hash', async (t) => {
  const verdict = await passwordsWith().verify(
    'wrong password',
    formerHash(PASSWORD, { memory: 9_728, passes: 1 }),
    HERE,
  )
  t.same(verdict, { fits: false, rehashed: null })
})

test('[S21] a hash with stronger parameters is left alone', async (t) => {
  const verdict = await passwordsWith().verify(
    PASSWORD,
    formerHash(PASSWORD, { memory: 20_480, passes: 3 }),
    HERE,
  )
  t.same(verdict, { fits: true, rehashed: null })
})

test('[S23] no password is right for an unknown user', async (t) => {
  const passwords = passwordsWith()
  t.same(await passwords.verify(PASSWORD, null, HERE), { fits: false, rehashed: null })
  t.same(await passwords.verify('', null, HERE), { fits: false, rehashed: null })
})

test('a stored hash of another form is an error, not a no', async (t) => {
  await t.rejects(passwordsWith().verify(PASSWORD, '$2b$10$abcdefg', HERE), /argon2id form/)
})

test('[S21] [C3] one hash more than may wait is a 503 that says when to come back', async (t) => {
  const passwords = passwordsWith(sharesOf({ hashes: heldRow('loginsAtOnce', { all: 1 }) }))
  const first = passwords.hash('correct horse', ASKING)
  const refused = await passwords.hash('correct horse', ASKING).catch((thrown: unknown) => thrown)
  t.match(refused, { reply: { status: 503 }, retryAfter: 1 })
  t.match(await first, /^\$argon2id\$/)
})

test('[S21] no more hashes run at once than the machine has cores to spare, and two', async (t) => {
  const most = Math.min(2, Math.max(1, availableParallelism() - 1))
  const running = { now: 0, most: 0 }
  const passwords = passwordsWith(counted(sharesWithin(), running))
  const asking = Array.from({ length: 6 }, () => passwords.hash(PASSWORD, ASKING))
  await Promise.all(asking)
  t.same(running, { now: 0, most })
})

/** The same shares; work begins when its share is kept, and is over when it is given back. */
function counted(shares: Shares, running: { now: number; most: number }): Shares {
  const take: Shares['take'] = (...asked) => {
    const share = shares.take(...asked)
    if (!('keep' in share)) return share
    const counting: Partial<Share> = {
      keep: () => {
        share.keep()
        running.now += 1
        running.most = Math.max(running.most, running.now)
      },
      release: () => {
        share.release()
        running.now -= 1
      },
    }
    return Object.assign(Object.create(share), counting)
  }
  return Object.assign(Object.create(shares), { take })
}
