// Runs before `npm test` and `npm run test:sdks`, with `--programs` before `npm run test:programs`:
// installs the programs that tests need, since a test that is skipped without its program looks
// like one that passed.
import { installPrograms } from './install-programs.ts'
import { FURTHER_PROGRAMS, PROGRAMS, type Program } from './programs.ts'

const needed: readonly Program[] = [
  ...Object.values(PROGRAMS),
  ...(process.argv.includes('--programs') ? Object.values(FURTHER_PROGRAMS) : []),
]

if (installPrograms(needed).length > 0) process.exitCode = 1
