// The SDKs that the tests drive, each as its registry has it.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'
import { driveJavaScript } from './javascript.ts'
import type { Driver, Format, Line } from './lines.ts'
import { SdkClients } from './sdk-client.ts'

/** Where scripts/other-sdks.ts puts what it installs and builds. */
export const BUILT = join(import.meta.dirname, '../../node_modules/.cache/sdks')
const JAVA = [join(BUILT, 'java/classes'), join(BUILT, 'java/lib/*')].join(':')

const COMMANDS = {
  Python: [join(BUILT, 'python/bin/python'), '-u', join(import.meta.dirname, 'python/driver.py')],
  Go: [join(BUILT, 'go-driver')],
  Java: ['java', '-Xmx256m', '-XX:TieredStopAtLevel=1', '-cp', JAVA, 'Driver'],
}

export interface Sdk {
  readonly title: string
  readonly language: 'JavaScript' | keyof typeof COMMANDS
  readonly format: Format
  /** What its SDK has not. */
  readonly lacks: readonly ('setToken' | 'send' | 'position')[]
}

function sdk(language: Sdk['language'], format: Format, lacks: Sdk['lacks'] = []): Sdk {
  const title = `${language}, ${format === 'json' ? 'JSON' : 'Protobuf'}`
  return { title, language, format, lacks }
}

const ALL: readonly Sdk[] = [
  sdk('JavaScript', 'json'),
  sdk('JavaScript', 'protobuf'),
  sdk('Python', 'json', ['setToken', 'send']),
  sdk('Python', 'protobuf', ['setToken', 'send']),
  sdk('Go', 'json'),
  sdk('Go', 'protobuf'),
  sdk('Java', 'protobuf', ['position']),
]

const leftOut = new Set(process.env.USHER_SDKS_LEFT_OUT?.split(','))

/** Whether scripts/test-sdks.ts could prepare it; what it could not, it says. */
export const isPrepared = (language: string) => !leftOut.has(language)

/** Those that are prepared, and whose titles begin as USHER_SDK says, for a run by hand. */
export const SDKS = ALL.filter(
  ({ title, language }) => isPrepared(language) && title.startsWith(process.env.USHER_SDK ?? ''),
)

/** Starts its driver, which ends with the test. */
export function startSdk(t: Test, { language, format }: Sdk): SdkClients {
  if (language === 'JavaScript') {
    return new SdkClients(format, (tell) => {
      const driver = driveJavaScript(tell)
      t.teardown(() => driver.close())
      return driver
    })
  }
  const [command = '', ...args] = COMMANDS[language]
  if (command.startsWith(BUILT) && !existsSync(command)) {
    throw new Error(`${language} is not prepared: npm run test:sdks does that`)
  }
  return new SdkClients(format, (tell) => startDriver(t, command, args, tell))
}

function startDriver(t: Test, command: string, args: string[], tell: (l: Line) => void): Driver {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complaints = (complaints + text).slice(-4_000)
  })
  createInterface(child.stdout).on('line', (line) => tell(JSON.parse(line)))
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  child.once('error', ({ message }) => t.fail(`${command}: ${message}`))
  child.once('close', (code) => {
    if (code) t.fail(`${command} ended with ${code}: ${complaints}`)
  })
  t.teardown(() => {
    child.stdin.end()
    child.kill('SIGKILL')
    return ended
  })
  return { send: (line) => child.stdin.write(`${JSON.stringify(line)}\n`) }
}
