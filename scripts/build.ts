// Builds dist/, which the package ships: JavaScript and types of src/, plugins/ and routes/, and
// the page beside them, so that `../public` is right from plugins/ in both places. No source maps:
// the JavaScript is the source without its types.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

const BIN = 'dist/src/cli.js'
/** Imports in .d.ts files name .ts sources; in the package these are JavaScript. */
const SOURCE_NAMED = /((?:from |import |import\(|module )')(\.{1,2}\/[^']+)\.ts'/g

rmSync('dist', { recursive: true, force: true })
const { status } = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' })
if (status !== 0) process.exit(1)
cpSync('public', 'dist/public', { recursive: true })
rmSync('dist/public/README.md', { force: true })
for (const path of globSync('dist/**/*.d.ts')) {
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll(SOURCE_NAMED, "$1$2.js'"))
}
writeFileSync(BIN, `#!/usr/bin/env node\n${readFileSync(BIN, 'utf8')}`)
chmodSync(BIN, 0o755)
