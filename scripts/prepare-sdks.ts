// Runs before `npm run test:sdks`: installs the SDKs of other languages from their registries, each
// at the version that the tests name, and builds the programs that drive them. What is missing is
// said, and fails.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findGo, GO_FOLDER, GO_PACKAGE } from './go.ts'
import { requireProgram, SDK_PROGRAMS } from './programs.ts'
import { runCommand } from './run-command.ts'

const SOURCES = join(import.meta.dirname, '../test/sdks')
const BUILT = join(import.meta.dirname, '../node_modules/.cache/sdks')
/** Downloads and the first compilation take their time on a small machine. */
const SECONDS = 420

interface Build {
  language: string
  /** What it is made of: another text makes it again. */
  sources: readonly string[]
  result: string
  build(): void
}

const BUILDS: readonly Build[] = [
  {
    language: 'Python',
    sources: ['python/requirements.txt'],
    result: 'python/bin/python',
    build() {
      installFor(join(BUILT, 'python'), ['-r', join(SOURCES, 'python/requirements.txt')])
    },
  },
  {
    language: 'Go',
    sources: ['go/driver.go', 'go/events.go', 'go/go.mod', 'go/go.sum'],
    result: 'go-driver',
    build() {
      if (findGo() === null) installFor(GO_FOLDER, [GO_PACKAGE])
      run(findGo() ?? 'go', ['build', '-o', join(BUILT, 'go-driver'), '.'], 'go')
    },
  },
  {
    language: 'Java',
    sources: ['java/Driver.java', 'java/Events.java', 'java/pom.xml'],
    result: 'java/classes/Driver.class',
    build() {
      requireProgram(SDK_PROGRAMS.javac)
      const out = join(BUILT, 'java')
      const goals = ['compile', 'dependency:copy-dependencies', `-DoutputDirectory=${out}/lib`]
      run(requireProgram(SDK_PROGRAMS.maven), ['-B', '-q', `-Dout=${out}`, ...goals], 'java')
    },
  },
]

/** Makes a folder of Python's packages, with these. */
function installFor(folder: string, wanted: readonly string[]): void {
  rmSync(folder, { recursive: true, force: true })
  run(requireProgram(SDK_PROGRAMS.venv), ['-m', 'venv', folder])
  run(join(folder, 'bin/pip'), ['install', '--quiet', ...wanted])
}

function run(command: string, args: readonly string[], folder = '.'): void {
  runCommand(command, args, { cwd: join(SOURCES, folder), seconds: SECONDS })
}

function prepare({ language, sources, result, build }: Build): void {
  const stamp = join(BUILT, `${language}.sources`)
  const wanted = sources.map((path) => readFileSync(join(SOURCES, path), 'utf8')).join('\n')
  const isThere = existsSync(join(BUILT, result)) && existsSync(stamp)
  if (isThere && readFileSync(stamp, 'utf8') === wanted) return
  console.log(`Preparing the SDK of ${language}`)
  build()
  writeFileSync(stamp, wanted)
}

mkdirSync(BUILT, { recursive: true })
for (const build of BUILDS) prepare(build)
