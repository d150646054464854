// `npm run test:sdks`: real clients of the SDKs against a real Usher. With `--short`
// each is cut less often. Other arguments are test files, in place of all.
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'

const given = process.argv.slice(2)
const files = given.filter((argument) => !argument.startsWith('--'))
const isShort = given.includes('--short')

const { status } = spawnSync(
  'tap',
  ['--jobs=1', '--timeout=1800', ...(files.length > 0 ? files : globSync('test/sdks/*.test.ts'))],
  { stdio: 'inherit', env: { ...process.env, USHER_SDKS: isShort ? 'short' : 'full' } },
)
process.exitCode = status ?? 1
