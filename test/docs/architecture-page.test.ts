// docs/ARCHITECTURE.md names files: each is there, in the folder that the page says.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'tap'

const ROOT = new URL('../../', import.meta.url)
const page = readFileSync(new URL('docs/ARCHITECTURE.md', ROOT), 'utf8')
const named = [...page.matchAll(/`([\w./-]+\.(?:ts|md))`/g)].map(([, path = '']) => path)

test('every file of the architecture page is there', async (t) => {
  const all = ['src', 'plugins', 'routes', 'test', 'docs'].flatMap((folder) =>
    readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' }),
  )
  const isThere = (path: string): boolean =>
    path.includes('/')
      ? existsSync(new URL(path, ROOT))
      : all.some((file) => file === path || file.endsWith(`/${path}`))
  t.ok(named.length > 40)
  const missing = named.filter((path) => !isThere(path))
  t.same(missing, [])
})
