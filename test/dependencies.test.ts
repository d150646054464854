// Our dependencies: few, each at one exact version, and none that runs a script at install.
import { readFileSync } from 'node:fs'
import { test } from 'tap'

interface Locked {
  version: string
  integrity?: string
  hasInstallScript?: boolean
  dev?: boolean
}

function read(name: string) {
  return JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'))
}

const manifest = read('package.json')
const locked: [string, Locked][] = Object.entries(read('package-lock.json').packages)
const others = locked.filter(([path]) => path !== '')
const EXACT = /^\d+\.\d+\.\d+$/

test('[S37] every dependency is pinned to one version, and there are few', async (t) => {
  const { dependencies, devDependencies } = manifest
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    t.match(version, EXACT, name)
  }
  t.ok(Object.keys(dependencies).length <= 25)
})

test('[S37] each dependency is known by its digest, and comes from no named host', async (t) => {
  t.ok(others.length > 0)
  const unknown = others.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'))
  t.same(unknown, [])
  t.notMatch(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'), /"resolved"/)
})

test('[S37] nothing runs at install but what is allowed by name', async (t) => {
  const allowed = Object.keys(manifest.allowScripts)
  t.same(allowed, ['node'])
  const running = others.filter(([, { hasInstallScript, dev }]) => hasInstallScript && !dev)
  t.same(running, [], 'nothing of what is shipped')
})

test('[S37] there is one ws, and its known holes are mended in it', async (t) => {
  const copies = others.filter(([path, { dev }]) => /(^|\/)node_modules\/ws$/.test(path) && !dev)
  t.equal(copies.length, 1, 'one copy')
  const [major = 0, minor = 0] = (copies[0]?.[1].version ?? '').split('.').map(Number)
  t.ok(major > 8 || (major === 8 && minor >= 23))
})
