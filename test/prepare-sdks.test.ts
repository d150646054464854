// An SDK that cannot be prepared for its tests is named with its cause; the others are prepared.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { prepareSdks, type Sdk } from '../scripts/prepare-sdks.ts'
import { until } from './support/until.ts'

const READY: Sdk = {
  language: 'Ready',
  sources: [],
  result: 'ready',
  programs: () => [],
  registries: 'its registry',
  build: (run) => run('true', []),
}

function shell(language: string, script: string): Sdk {
  return { ...READY, language, build: (run) => run('sh', ['-c', script]) }
}

/** Prepares these in the folder of the test, without a word. */
function prepared(t: Test, sdks: readonly Sdk[], seconds = 60) {
  t.capture(console, 'log')
  return prepareSdks(sdks, { seconds, built: t.testdirName })
}

t.test('a build that fails is told with its command, its error and its registry', async (t) => {
  t.testdir({})
  const script = 'echo looking; echo "ERROR: it is refused" >&2; echo done; exit 3'
  const [first, ...more] = await prepared(t, [shell('Broken', script), READY])
  t.same(more, [])
  t.match(first, { language: 'Broken', cause: /^sh -c .*: exit code 3: ERROR: it is refused; / })
  t.match(first?.cause, /; it needs its registry$/)
})

t.test('a build over its time is ended, with all that it started', async (t) => {
  t.testdir({})
  const pid = join(t.testdirName, 'pid')
  const script = `sleep 600 & echo $! >${pid}.new; mv ${pid}.new ${pid}; sleep 600`
  t.match(await prepared(t, [shell('Endless', script), READY], 1), [
    { language: 'Endless', cause: /: took too long; / },
  ])
  const started = Number(readFileSync(pid, 'utf8'))
  await until(() => hasEnded(started), { what: 'what a build started has ended' })
})

t.test('a command that is not there is told', async (t) => {
  t.testdir({})
  const absent: Sdk = { ...READY, build: (run) => run('no-such-compiler', []) }
  t.match(await prepared(t, [absent]), [{ cause: /^no-such-compiler.*ENOENT/ }])
})

t.test('a program that is missing is told with its package, and nothing is built', async (t) => {
  // Without apt-get, which would look for it.
  t.testdir({})
  const { PATH } = process.env
  process.env.PATH = t.testdirName
  t.teardown(() => {
    process.env.PATH = PATH
  })
  const program = { title: 'Maker', commands: ['no-such-maker'], debianPackage: 'maker-dev' }
  const sdk: Sdk = {
    ...READY,
    programs: () => [program],
    async build() {
      t.fail('it is built')
    },
  }
  t.same(await prepared(t, [sdk]), [
    { language: 'Ready', cause: 'Maker not found: apt-get install maker-dev' },
  ])
})

t.test('what is prepared is not built again until its sources change', async (t) => {
  const folder = t.testdir({ source: 'one', ready: '' })
  let builds = 0
  const build = async () => {
    builds += 1
  }
  const sdk = { ...READY, sources: [join(folder, 'source')], build }
  for (let round = 0; round < 2; round += 1) t.same(await prepared(t, [sdk]), [])
  t.equal(builds, 1)
  t.testdir({ source: 'two', ready: '' })
  await prepared(t, [sdk])
  t.equal(builds, 2)
})

/** A process that has ended may still wait for its parent to hear of it. */
function hasEnded(pid: number): boolean {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return true
  }
}
