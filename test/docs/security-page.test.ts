// docs/security.md: every line is in it, and every test that it names is there.
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'tap'
import { AUDIT } from '../../src/identity/audit.ts'

const PAGE = new URL('../../docs/security.md', import.meta.url)
const page = readFileSync(PAGE, 'utf8')
const ROW = /^\| (S\d+) \| (.+?) \| (.*) \|$/gm
const LINK = /\[([^\]]+)\]\(([^)]+)\)/g
const LINES = Array.from({ length: 54 }, (_, index) => `S${index + 1}`)

const rows = [...page.matchAll(ROW)].map(([, line = '', , shown = '']) => ({ line, shown }))

test('each line has one row, in order', async (t) => {
  const lines = rows.map(({ line }) => line)
  t.same(lines, LINES)
})

for (const { line, shown } of rows) {
  test(`[${line}] what shows it is there, by its title`, async (t) => {
    const links = [...shown.matchAll(LINK)]
    t.not(links.length, 0, 'something shows it')
    for (const [, title = '', path = ''] of links) {
      const file = new URL(path, PAGE)
      t.ok(existsSync(file), path)
      if (existsSync(file)) t.ok(readFileSync(file, 'utf8').includes(title), `${title} in ${path}`)
    }
  })
}

test('[S40] what is not protected is said, in its own part', async (t) => {
  const part = page.split(/^## /m).find((text) => text.startsWith('What is not')) ?? ''
  for (const word of ['end to end', 'disk', 'Metadata', 'Traffic analysis']) {
    t.ok(part.includes(word), word)
  }
})

test('[S36] every kind of audit line is on the page, and no other', async (t) => {
  const [, audit = ''] = page.split('## The audit log')
  const kinds = [...audit.matchAll(/^\| `([a-z-]+)`/gm)].map(([, kind]) => kind)
  t.same(kinds.filter((kind) => kind !== 'audit').toSorted(), Object.keys(AUDIT).toSorted())
})
