// Files that break each of Biome's rules that biome.json adds, and what Biome finds in them.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

interface BiomePlant {
  path: string
  text: string
  /** What Biome must find there, as an error. */
  rule: string
}

const lines = (count: number) => 'go()\n'.repeat(count)
const f = (count: number) => `export function f() {\n${lines(count)}}\n`

const restricted = (path: string, ...modules: readonly string[]): BiomePlant[] =>
  modules.map((name, at) => {
    const text = `import { a } from '${name}'\na()\n`
    return { path: `${path}/${at}.ts`, text, rule: 'style/noRestrictedImports' }
  })

const plants = (rule: string, texts: Record<string, string>): BiomePlant[] =>
  Object.entries(texts).map(([path, text]) => ({ path, text, rule }))

export const BIOME_PLANTS: readonly BiomePlant[] = [
  ...plants('suspicious/noImportCycles', {
    'src/room/room.ts': "import type { B } from './member.ts'\nexport type A = B\n",
    'src/room/member.ts': "import type { C } from './history.ts'\nexport type B = C\n",
    'src/room/history.ts': "import type { A } from './room.ts'\nexport type C = A\n",
    'test/a.ts': "import { b } from './b.ts'\nexport const a = b\n",
    'test/b.ts': "import { a } from './a.ts'\nexport const b = a\n",
  }),
  ...plants('performance/noBarrelFile', {
    'plugins/all.ts': "export { a } from './a.ts'\n",
    'plugins/star.ts': "export * from './a.ts'\n",
  }),
  ...plants('performance/noReExportAll', { 'plugins/star.ts': "export * from './a.ts'\n" }),
  ...plants('style/noDefaultExport', {
    'src/room/default.ts': 'export default class {}\n',
    'src/room/renamed.ts': 'const a = 1\nexport { a as default }\n',
  }),
  ...plants('style/noEnum', { 'bench/enum.ts': 'export enum Kind { Text }\n' }),
  ...plants('style/noNamespace', { 'bench/ns.ts': 'export namespace A { export const a = 1 }\n' }),
  ...plants('style/noParameterProperties', {
    'bench/property.ts': 'export class A {\n  constructor(readonly b: 1) {}\n}\n',
  }),
  ...plants('style/noProcessEnv', {
    'plugins/auth.ts': 'export const port = process.env.PORT\n',
    'routes/port.ts': 'export const port = process.env.PORT\n',
    'src/server.ts': "import { env } from 'node:process'\nexport const port = env.PORT\n",
  }),
  ...plants('style/noExcessiveLinesPerFile', {
    'src/room/long.ts': lines(301),
    'plugins/long.ts': lines(101),
    'public/page.css': 'a {\n}\n'.repeat(151),
    'public/page.html': '<p>a</p>\n'.repeat(301),
  }),
  ...plants('complexity/noExcessiveLinesPerFunction', {
    'src/room/function.ts': f(51),
    'bench/run.js': `export const f = () => {\n${lines(51)}}\n`,
    'public/page.js': `export class A {\n  f() {\n${lines(51)}}\n}\n`,
    'test/long.test.ts': `test('a', () => {\n${lines(51)}})\n`,
    'test/contract/log.ts': f(151),
  }),
  ...restricted('src/room', 'fastify', 'fastify-plugin', 'ws', '@fastify/websocket'),
  ...restricted('src/connection', 'node:sqlite', 'ioredis', 'redis'),
  ...restricted('src/engine/sqlite', 'ioredis', 'redis', 'ws'),
  ...restricted('src/engine/redis', 'node:sqlite', 'fastify'),
  ...restricted('plugins', 'node:sqlite', 'ioredis'),
  ...restricted('routes', 'redis'),
]

/** Next to a rule of ours, and none of them breaks one. */
const CLEAN: Record<string, string> = {
  'src/config/environment.ts': 'export const port = process.env.PORT\n',
  'src/engine/sqlite/file.ts': "import { DatabaseSync } from 'node:sqlite'\nDatabaseSync()\n",
  'src/engine/redis/log.ts': "import { Redis } from 'ioredis'\nRedis()\n",
  'src/app.ts': "import Fastify from 'fastify'\nFastify()\n",
  'src/index.ts': "export { f } from './room/short.ts'\n",
  'src/room/short.ts': f(50),
  'src/room/whole.ts': lines(300),
  'plugins/whole.ts': lines(100),
  'plugins/tokens/whole.ts': lines(300),
  'plugins/rooms.ts': "import fp from 'fastify-plugin'\nexport default fp(() => {})\n",
}

const CATEGORY = /^lint\/(performance|complexity|suspicious\/noImportCycles|style\/no)/

/** Plants all of it in an empty folder; `path rule` for each error of a rule of ours, sorted. */
export function planted(folder: string): string[] {
  const { vcs: _, ...config } = JSON.parse(readFileSync('biome.json', 'utf8'))
  const all = [...BIOME_PLANTS, ...Object.entries(CLEAN).map(([path, text]) => ({ path, text }))]
  for (const { path, text } of [{ path: 'biome.json', text: JSON.stringify(config) }, ...all]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const biome = resolve('node_modules/.bin/biome')
  const args = ['lint', '--reporter=json', '--max-diagnostics=500', '--diagnostic-level=error']
  const { stdout } = spawnSync(biome, args, { cwd: folder, encoding: 'utf8' })
  const found = JSON.parse(stdout).diagnostics as {
    category: string
    location: { path: string }
  }[]
  return found
    .filter(({ category }) => CATEGORY.test(category))
    .map(({ category, location }) => `${location.path} ${category.replace('lint/', '')}`)
    .toSorted()
}
