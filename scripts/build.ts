// Builds dist/, which the package ships: JavaScript of src/, plugins/ and routes/, the types that
// what the package exports is made of, and the page beside them, so that `../public` is right from
// plugins/ in both places. No source maps: the JavaScript is the source without its types.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

const BIN = 'dist/src/cli.js'
const TYPES = 'dist/src/index.d.ts'
/** Types of what is JavaScript in the sources, too. */
const CLIENT_TYPES = 'dist/public/usher-client.d.ts'
/** Imports in .d.ts files name .ts sources; in the package these are JavaScript. */
const SOURCE_NAMED = /((?:from |import |import\(|module )')(\.{1,2}\/[^']+)\.ts'/g

/** The paths of `path` and of the types that it imports, and they import. */
function typesFrom(path: string, found = new Set<string>()): Set<string> {
  if (found.has(path) || !existsSync(path)) return found
  found.add(path)
  const imported = readFileSync(path, 'utf8').matchAll(SOURCE_NAMED)
  for (const [, , name] of imported) typesFrom(join(dirname(path), `${name}.d.ts`), found)
  return found
}

rmSync('dist', { recursive: true, force: true })
const { status } = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' })
if (status !== 0) process.exit(1)
cpSync('public', 'dist/public', { recursive: true })
for (const path of globSync('dist/public/**/README.md')) rmSync(path)
for (const [from, to] of [
  ['dist/centrifuge.js', 'centrifuge.js'],
  ['LICENSE', 'LICENSE.txt'],
])
  cpSync(`node_modules/centrifuge/${from}`, `dist/public/sdk/${to}`)
cpSync('src/engine/redis/scripts', 'dist/src/engine/redis/scripts', { recursive: true })
rmSync('dist/src/engine/redis/scripts/README.md', { force: true })
const needed = typesFrom(TYPES).add(CLIENT_TYPES)
for (const path of globSync('dist/**/*.d.ts')) {
  if (needed.has(path)) {
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(SOURCE_NAMED, "$1$2.js'"))
  } else {
    rmSync(path)
  }
}
writeFileSync(BIN, `#!/usr/bin/env node\n${readFileSync(BIN, 'utf8')}`)
chmodSync(BIN, 0o755)
