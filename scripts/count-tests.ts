// Reads the output of `npm test`, `npm run test:programs` and `npm run test:sdks`, and prints how
// many tests ran, as one line.
import { readFileSync } from 'node:fs'

interface Count {
  passed: number
  failed: number
  skipped: number
}

// Lines of tap: a test file is not indented, its tests are indented by four.
const FILE = /^(not ok|ok) \d+/
const TEST = /^ {4}(not ok|ok) \d+/
const SKIPPED = /# (SKIP|TODO)\b/i

function countTests(log: string): Count {
  const count = { passed: 0, failed: 0, skipped: 0 }
  let failedBefore = 0
  for (const line of log.split('\n')) {
    const [, test] = TEST.exec(line) ?? []
    const [, file] = FILE.exec(line) ?? []
    if (test) count[outcome(test, line)] += 1
    // A file may also fail outside its tests, or run none.
    if (file === 'not ok' && count.failed === failedBefore) count.failed += 1
    if (file) failedBefore = count.failed
  }
  return count
}

function outcome(result: string, line: string): keyof Count {
  if (SKIPPED.test(line)) return 'skipped'
  return result === 'ok' ? 'passed' : 'failed'
}

const { passed, failed, skipped } = countTests(
  readFileSync(process.argv[2] ?? '/dev/stdin', 'utf8'),
)
if (skipped > 0) console.log(`${skipped} skipped or still to do`)
console.log(`${passed} passed, ${failed} failed`)
if (passed === 0 || failed > 0) process.exitCode = 1
