// docs/promises.md: every promise is in it, with what shows it.
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'tap'

const PAGE = new URL('../../docs/promises.md', import.meta.url)
const page = readFileSync(PAGE, 'utf8')
const [, table = ''] = page.split(/^## /m)
const ROW = /^\| (.+?) \| (.+?) \| (.+) \|$/gm
const LINK = /\[([^\]]+)\]\(([^)]+)\)/g

const PROMISES = [
  'message in a stored room',
  'resume',
  'publish with an idempotency key',
  'what is taken back: all that a user has said, a room',
  'ephemeral message (rooms without history)',
  'receipts',
  'presence',
  'ticket',
  'revocation (log-out, ban)',
  'slow reader',
  'shutdown',
  'store away: full, locked, hanging, broken or gone',
  'bad input',
]

const rows = [...table.matchAll(ROW)]
  .map(([, what = '', , shown = '']) => ({ what, shown }))
  .filter(({ what }) => what !== 'what')

test('each promise has one row, in order', async (t) => {
  const promised = rows.map(({ what }) => what)
  t.same(promised, PROMISES)
})

for (const { what, shown } of rows) {
  test(`what shows it is there, by its title: ${what}`, async (t) => {
    const links = [...shown.matchAll(LINK)]
    t.ok(links.length > 0, 'something shows it')
    for (const [, title = '', path = ''] of links) {
      const file = new URL(path, PAGE)
      t.ok(existsSync(file), path)
      // A title may stand on two lines of a comment.
      const text = existsSync(file) ? readFileSync(file, 'utf8').replaceAll(/\n(\/\/ )?/g, ' ') : ''
      t.ok(text.includes(title), `${title} in ${path}`)
    }
  })
}

test('where a promise ends is said too', async (t) => {
  for (const word of ['lie', 'One disk', '503', 'five minutes', '30 days']) {
    t.ok(page.includes(word), word)
  }
})
