// `npm run test:sdks`: real clients of the SDKs against a real Usher. With `--short` each is cut
// less often. An SDK that cannot be prepared fails the run; with `--where-it-can` the others run
// without it, and the last lines say what did not run. npm's SDK is always there. Other arguments
// are test files, in place of all.
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { BUILT, OTHER_SDKS } from './other-sdks.ts'
import { prepareSdks } from './prepare-sdks.ts'

const given = process.argv.slice(2)
const files = given.filter((argument) => !argument.startsWith('--'))
const isShort = given.includes('--short')
const isWhereItCan = given.includes('--where-it-can')
/** Downloads and the first compilation take their time on a small machine. */
const PREPARE_SECONDS = isWhereItCan ? 240 : 420
/** For one file; a test that hangs has a deadline of its own. */
const FILE_SECONDS = isShort ? 300 : 1_800

const unprepared = await prepareSdks(OTHER_SDKS, { seconds: PREPARE_SECONDS, built: BUILT })
const notRun = unprepared.map(({ language, cause }) => `NOT RUN: ${language}: ${cause}`)
const isRun = notRun.length === 0 || isWhereItCan

for (const line of notRun) console.log(line)
process.exitCode = isRun ? run() : 1

function run(): number {
  const all = files.length > 0 ? files : globSync('test/sdks/*.test.ts')
  const leftOut = unprepared.map(({ language }) => language).join()
  const { status } = spawnSync('tap', ['--jobs=1', `--timeout=${FILE_SECONDS}`, ...all], {
    stdio: 'inherit',
    env: {
      ...process.env,
      USHER_SDKS: isShort ? 'short' : 'full',
      USHER_SDKS_LEFT_OUT: leftOut,
    },
  })
  for (const line of notRun) console.log(line)
  return status ?? 1
}
