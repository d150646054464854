// The secrets in a Cookie header of any form, compared with one that is taken apart step by step.
import fc from 'fast-check'
import t from 'tap'
import { secretsIn } from '../../../plugins/tokens/credential.ts'

const SECRETS = ['A', 'B', 'C', 'D', 'E'].map((letter) => letter.repeat(43))
const PARTS = [
  ...['usher=', ';', '; ', ' ', '\t', '\xa0', '=', 'x', 'usher', '__Host-', '"', ','],
  ...SECRETS.map((secret) => `usher=${secret}`),
  ...SECRETS.map((secret) => `;usher=${secret};`),
]

function inSteps(header: string): string[] {
  const cookies = header.split(';').map((cookie) => cookie.replace(/^[ \t]+/, ''))
  const ours = cookies.filter((cookie) => cookie.startsWith('usher='))
  const values = [...new Set(ours.map((cookie) => cookie.slice('usher='.length)).reverse())]
  const formed = values.filter((value) => /^[\w-]{43}$/.test(value))
  return (formed.length > 0 ? formed : values).slice(0, 4)
}

t.test('[C164] the secrets in a header, the last one first', (t) => {
  const [A = '', B = ''] = SECRETS
  t.same(secretsIn(undefined, 'usher'), [])
  t.same(secretsIn('', 'usher'), [])
  t.same(secretsIn(`usher=${A}; a=usher=${B}; usher=${B}; usher=${A}`, 'usher'), [A, B])
  t.same(secretsIn('usher=; usher=x', 'usher'), ['x', ''])
  t.same(secretsIn(`not-usher=${A}`, 'usher'), [])
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...PARTS), { maxLength: 30 }), (parts) => {
      const header = parts.join('')
      t.strictSame(secretsIn(header, 'usher'), inSteps(header), { diagnostic: false })
      return true
    }),
  )
  t.end()
})
