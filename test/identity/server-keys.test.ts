// Keys of back ends, and the keys that are derived from the root secret.
import { test } from 'tap'
import { deriveKeys, digest } from '../../src/identity/secret.ts'
import { ServerKeys } from '../../src/identity/server-keys.ts'

const KEYS = [
  { name: 'old', key: 'a-server-key-of-last-year-01' },
  { name: 'new', key: 'a-server-key-of-this-year-02' },
]

test('[S34] two keys are good at once, so that one can be rotated out', async (t) => {
  const keys = new ServerKeys(KEYS)
  for (const { name, key } of KEYS) t.equal(keys.find(key)?.name, name)
})

test('[S34] text that only resembles a key is no key', async (t) => {
  const keys = new ServerKeys(KEYS)
  const [{ key } = { key: '' }] = KEYS
  for (const other of ['', key.slice(0, -1), `${key}x`, ` ${key}`, key.toUpperCase(), 'old']) {
    t.equal(keys.find(other), null, JSON.stringify(other))
  }
})

test('[S34] without keys nothing is a key', async (t) => {
  t.equal(new ServerKeys([]).find(''), null)
})

test('[S34] the keys are not kept as they were given', async (t) => {
  const kept = new ServerKeys(KEYS)
  t.notMatch(JSON.stringify(kept), /a-server-key/)
  t.notMatch(Object.getOwnPropertyNames(kept).join(), /key/)
})

test('[S16] every use of the root secret has a key of its own, of 256 bits', async (t) => {
  const roots = { current: 'current root secret', previous: 'previous root secret' }
  const [tokens, tickets] = [deriveKeys(roots, 'access-token'), deriveKeys(roots, 'ticket')]
  const all = [tokens.current, tokens.previous, tickets.current, tickets.previous]
  t.equal(new Set(all.map((key) => key?.toString('hex'))).size, 4)
  for (const key of all) t.equal(key?.length, 32)
})

test('[S16] a key outlives a restart, and none is made up for a missing secret', async (t) => {
  const roots = { current: 'current root secret', previous: null }
  t.same(deriveKeys(roots, 'ticket').current, deriveKeys({ ...roots }, 'ticket').current)
  t.equal(deriveKeys(roots, 'ticket').previous, null)
})

test('[S7] a credential is kept as its SHA-256', async (t) => {
  t.equal(digest('abc'), 'ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0')
})
