// Which pages may use a cookie, as a table of origins.
import { test } from 'tap'
import { mayChange, mayRead } from '../../src/identity/origin.ts'

const isOurs = (origin: string) => origin === 'https://app.example.com'

/** Origin, Sec-Fetch-Site, may change something, may read. */
const TABLE: [string | undefined, string | undefined, boolean, boolean][] = [
  ['https://app.example.com', undefined, true, true],
  ['https://app.example.com', 'same-origin', true, true],
  ['https://app.example.com', 'cross-site', true, true],
  [undefined, 'same-origin', true, true],
  [undefined, undefined, false, true],
  [undefined, 'none', false, true],
  [undefined, 'same-site', false, false],
  [undefined, 'cross-site', false, false],
  [undefined, 'SAME-ORIGIN', false, false],
  [undefined, '', false, false],
  ['', 'same-origin', false, false],
  ['null', undefined, false, false],
  ['null', 'same-origin', false, false],
  ['https://app.example.com.evil.example', undefined, false, false],
  ['https://evilapp.example.com', undefined, false, false],
  ['https://sub.app.example.com', undefined, false, false],
  ['https://example.com', undefined, false, false],
  ['https://app.example.com:8443', undefined, false, false],
  ['https://app.example.com:443', undefined, false, false],
  ['http://app.example.com', undefined, false, false],
  ['https://APP.example.com', undefined, false, false],
  ['HTTPS://app.example.com', undefined, false, false],
  ['https://app.example.com.', undefined, false, false],
  ['https://app.example.com/', undefined, false, false],
  ['https://app.example.com https://evil.example', undefined, false, false],
  ['https://evil.example', 'same-origin', false, false],
]

for (const [origin, site, changes, reads] of TABLE) {
  const from = `Origin ${origin ?? 'absent'} with Sec-Fetch-Site ${site ?? 'absent'}`
  test(`[C33] [S3] ${from} may ${changes ? '' : 'not '}change`, async (t) => {
    t.equal(mayChange({ origin, site }, isOurs), changes)
  })

  test(`[C33] ${from} may ${reads ? '' : 'not '}read`, async (t) => {
    t.equal(mayRead({ origin, site }, isOurs), reads)
  })
}
