// Prepares SDKs for their tests, and says which it cannot prepare and why.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { installPrograms, packagesOf } from './install-programs.ts'
import type { Program } from './programs.ts'
import { type Run, within } from './run-bounded.ts'

/** The line of a command's output that a cause quotes, and how many characters of it. */
const TELLS = /error|refused|timed out|unreachable|not found/i
const QUOTE_LENGTH = 300

export interface Sdk {
  language: string
  /** The files that it is made of: another text makes it again. */
  sources: readonly string[]
  /** What is there when it is made. */
  result: string
  /** What this machine must have for it. */
  programs(): readonly Program[]
  /** Where the rest comes from. */
  registries: string
  build(run: Run): Promise<void>
}

export interface Unprepared {
  language: string
  /** In one line, with what to do about it. */
  cause: string
}

interface Place {
  /** For what an SDK brings from the network, and for its build. */
  seconds: number
  /** The folder of the results. */
  built: string
}

/** Prepares these SDKs side by side, and gives those that cannot be. */
export async function prepareSdks(sdks: readonly Sdk[], place: Place): Promise<Unprepared[]> {
  mkdirSync(place.built, { recursive: true })
  // One after the other, since two apt-get cannot run at a time.
  const ready = sdks.map((sdk) => [sdk, installPrograms(sdk.programs(), place.seconds)] as const)
  const causes = ready.map(async ([sdk, lacking]) => ({
    language: sdk.language,
    cause: lacking.length > 0 ? isMissing(lacking) : await failure(sdk, place),
  }))
  return (await Promise.all(causes)).filter((one): one is Unprepared => one.cause !== null)
}

function isMissing(lacking: readonly Program[]): string {
  const titles = lacking.map(({ title }) => title).join(' and ')
  return `${titles} not found: apt-get install ${packagesOf(lacking).join(' ')}`
}

async function failure(sdk: Sdk, place: Place): Promise<string | null> {
  try {
    await prepare(sdk, place)
    return null
  } catch (error) {
    const { message } = error as Error
    console.log(`The SDK of ${sdk.language} is not prepared: ${message}`)
    return `${shortened(message)}; it needs ${sdk.registries}`
  }
}

/** The command, how it ended, and the first line that may say why. */
function shortened(message: string): string {
  const [command = '', ...printed] = stripVTControlCharacters(message)
    .split('\n')
    .filter((line) => line.trim())
  const quote = printed.find((line) => TELLS.test(line)) ?? printed.at(-1)
  return quote ? `${command}: ${quote.trim().slice(0, QUOTE_LENGTH)}` : command
}

async function prepare(sdk: Sdk, { seconds, built }: Place): Promise<void> {
  const stamp = join(built, `${sdk.language}.sources`)
  const wanted = sdk.sources.map((path) => readFileSync(path, 'utf8')).join('\n')
  const isThere = existsSync(join(built, sdk.result)) && existsSync(stamp)
  if (isThere && readFileSync(stamp, 'utf8') === wanted) return
  console.log(`Preparing the SDK of ${sdk.language}`)
  await sdk.build(within(seconds))
  writeFileSync(stamp, wanted)
}
