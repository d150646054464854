// Addresses: how limits count them, and which of them are trusted as proxies.
import { test } from 'tap'
import { siteOf } from '../../src/engine/shares.ts'
import { addressKey, addressList, addressOf, UNKNOWN_ADDRESS } from '../../src/identity/address.ts'

const KEYS: [address: string, key: string][] = [
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['::FFFF:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002:0:0:0:1', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8:0:0:1::', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['64:ff9b::192.0.2.33', '64:ff9b:0:0::/64'],
]

for (const [address, key] of KEYS) {
  test(`[C70] ${address} is counted as ${key}`, async (t) => {
    t.equal(addressKey(address), key)
  })
}

test('[C70] two customers with neighbouring IPv6 networks are counted apart', async (t) => {
  t.not(addressKey('2001:db8:1:2::1'), addressKey('2001:db8:1:3::1'))
})

test('[C70] 2,500 IPv6 networks are counted apart, again and again', async (t) => {
  const keys = [1, 2].map(() =>
    Array.from({ length: 2_500 }, (_, number) =>
      addressKey(`2001:DB8:1:${number.toString(16)}::7`),
    ),
  )
  t.equal(new Set(keys[0]).size, 2_500)
  t.same(keys[0], keys[1])
})

test('[C70] IPv6 addresses are counted by their /48 too, all others are not', async (t) => {
  const siteFrom = (address: string) => siteOf(addressKey(address))
  t.equal(siteFrom('2001:db8:1:2::1'), '2001:db8:1::/48')
  t.equal(siteFrom('2001:0DB8:0001:ffff::'), '2001:db8:1::/48')
  t.equal(siteFrom('2001:db8::1'), '2001:db8:0::/48')
  for (const text of ['192.0.2.7', '::ffff:192.0.2.7', 'unknown', '[::1:80', '']) {
    t.equal(siteFrom(text), null, text)
  }
})

/** What proxies write, and the plain address in it; null for what is none. */
const WRITTEN: [written: string | undefined, address: string | null][] = [
  ['192.0.2.7:5678', '192.0.2.7'],
  ['  192.0.2.7\t', '192.0.2.7'],
  ['"192.0.2.7"', '192.0.2.7'],
  ['"192.0.2.7:5678"', '192.0.2.7'],
  ['[2001:db8::1]', '2001:db8::1'],
  ['[2001:DB8::1]:443', '2001:db8::1'],
  ['"[2001:db8::1]:443"', '2001:db8::1'],
  ['" [2001:db8:0:0:0:0:0:1]:443 "', '2001:db8::1'],
  ['[fe80::1%eth0]:443', 'fe80::1'],
  ['fe80::1%25eth0', 'fe80::1'],
  ['[::ffff:192.0.2.7]:80', '192.0.2.7'],
  ['::ffff:192.0.2.7:5678', '192.0.2.7'],
  ['::ffff:c000:207', '192.0.2.7'],
  ['0:0:0:0:0:FFFF:192.0.2.7', '192.0.2.7'],
  ['[192.0.2.7]:80', '192.0.2.7'],
  [undefined, null],
  ['', null],
  ['unknown', null],
  ['_hidden', null],
  ['"_hidden:80"', null],
  ['192.0.2', null],
  ['192.0.2.256', null],
  ['::ffff:192.0.2.256', null],
  ['192.0.2.7:port', null],
  ['192.0.2.7, 192.0.2.8', null],
  ['[2001:db8::1', null],
  ['[2001:db8::1]443', null],
  ['2001:db8:::1', null],
  ['http://192.0.2.7', null],
  ['example.com:443', null],
  [`192.0.2.7${' '.repeat(20_000)}`, null],
  [`${'['.repeat(20_000)}`, null],
]

for (const [written, address] of WRITTEN) {
  const shown = JSON.stringify(written)?.slice(0, 40) ?? 'nothing at all'
  test(`[S50] in ${shown} the address is ${address}`, async (t) => {
    t.equal(addressOf(written), address)
    if (address !== null) t.equal(addressKey(written), addressKey(address))
    else t.equal(addressKey(written), UNKNOWN_ADDRESS, 'counted with all that is not understood')
    t.equal(addressList(['0.0.0.0/0', '::/0'])(written), address !== null)
  })
}

const LISTS: [entry: string, inside: string[], thirdParty: string[]][] = [
  ['10.0.0.1', ['10.0.0.1', '::ffff:10.0.0.1'], ['10.0.0.2', '::1', '110.0.0.1']],
  ['10.0.0.0/8', ['10.255.0.1'], ['11.0.0.1', '::ffff:11.0.0.1']],
  ['2001:db8::/32', ['2001:db8:ffff::1', '2001:DB8::'], ['2001:db9::1', '10.0.0.1']],
  ['loopback', ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'], ['128.0.0.1', '::2']],
  ['linklocal', ['169.254.1.1', 'fe80::1'], ['169.255.1.1', 'ff02::1']],
  ['uniquelocal', ['10.1.1.1', '172.31.0.1', '192.168.1.1', 'fd00::1'], ['172.32.0.1', '8.8.8.8']],
]

for (const [entry, inside, thirdParty] of LISTS) {
  test(`[S4] trust in ${entry} is for what lies in it and for nothing else`, async (t) => {
    const isTrusted = addressList([entry])
    for (const address of inside) t.ok(isTrusted(address), address)
    for (const address of thirdParty) t.notOk(isTrusted(address), address)
  })
}

test('[S4] text that is no address is trusted by no list', async (t) => {
  const isTrusted = addressList(['loopback', '0.0.0.0/0', '::/0'])
  for (const text of ['', 'unknown', '10.0.0.1:http', '[::1', '10.0.0']) {
    t.equal(isTrusted(text), false, JSON.stringify(text))
  }
})

test('[S4] an empty list trusts no address', async (t) => {
  t.notOk(addressList([])('127.0.0.1'))
})
