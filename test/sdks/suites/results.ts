// What the test runners of four languages wrote, in one form.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

export interface Result {
  readonly name: string
  readonly passed: boolean
  /** The first line of why not. */
  readonly reason: string
}

/** Reads a file or a folder of results; without one, what the runner printed. */
export function resultsOf(path: string | null, printed: string): Result[] {
  if (path === null) return fromGo(printed)
  if (!existsSync(path)) return []
  if (!statSync(path).isDirectory()) return fromText(path)
  const files = readdirSync(path).filter((name) => name.endsWith('.xml'))
  return files.flatMap((name) => fromText(join(path, name)))
}

function fromText(path: string): Result[] {
  const text = readFileSync(path, 'utf8')
  return path.endsWith('.json') ? fromJest(JSON.parse(text)) : fromJunit(text)
}

interface JestRun {
  testResults: {
    assertionResults: { fullName: string; status: string; failureMessages: string[] }[]
  }[]
}

function fromJest({ testResults }: JestRun): Result[] {
  return testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'passed' || status === 'failed')
    .map(({ fullName, status, failureMessages }) => {
      const reason = firstLine(failureMessages[0] ?? '')
      return { name: fullName, passed: status === 'passed', reason }
    })
}

/** The dialects of pytest and of Surefire. */
function fromJunit(text: string): Result[] {
  const cases = text.matchAll(/<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)
  return [...cases].map(([, head = '', body = '']) => {
    const failure = /<(?:failure|error)\b[^>]*?message="([^"]*)"/.exec(body)
    const passed = !/<(?:failure|error|skipped)\b/.test(body)
    const name = /\bname="([^"]*)"/.exec(head)?.[1] ?? ''
    return { name, passed, reason: firstLine(failure?.[1] ?? '') }
  })
}

function fromGo(printed: string): Result[] {
  const ends = printed.matchAll(/^--- (PASS|FAIL): (\S+).*\n((?: {4}.*\n)*)/gm)
  return [...ends].map(([, end, name = '', lines = '']) => {
    return { name, passed: end === 'PASS', reason: firstLine(lines.trim()) }
  })
}

function firstLine(text: string): string {
  const [line = ''] = text.replaceAll('&#10;', '\n').split('\n')
  return line.slice(0, 160)
}
