// The real command as a process: what it prints where, and its exit code.
import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { startProgram } from '../support/program.ts'
import { CLI, runUsher } from './run-usher.ts'

test('usher --help and --version print and end, and start nothing', async (t) => {
  t.testdir({})
  const help = await runUsher(t, ['--help'])
  t.match(help, { code: 0, stderr: '' })
  for (const word of ['usher [start]', 'usher check', 'usher backup FILE', 'usher user add']) {
    t.ok(help.stdout.includes(word), word)
  }
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  t.match(await runUsher(t, ['--version']), { code: 0, stdout: `${version}\n`, stderr: '' })
})

test('an argument that usher does not know ends it with 2 and points at --help', async (t) => {
  t.testdir({})
  const { code, stdout, stderr } = await runUsher(t, ['--port=80'])
  t.same([code, stdout], [2, ''])
  t.equal(stderr, "Unknown option '--port'. usher --help lists what there is.\n")
})

test('usher check ends with 0 where all is well, and else with 1 and why', async (t) => {
  t.testdir({})
  const well = await runUsher(t, ['check'], { USHER_DATA: 'data' })
  t.match(well, { code: 0, stderr: '', stdout: /^Settings\n(?:.+\n)+\nRules\n/ })
  const wrong = await runUsher(t, ['check'], { USHER_DATA: 'data', PORT: 'x' })
  t.match(wrong, { code: 1, stderr: 'PORT: write a whole number from 0 to 65535.\n' })
})

test('a reader of its output that has read enough is no fault', async (t) => {
  const cwd = t.testdir({})
  const check = '"$0" "$1" check; echo $? >&3'
  const mistake = '"$0" "$1" chek 2>&1; echo $? >&3'
  const script = `{ ${check}; ${mistake}; } 3>&2 | true`
  const command = ['sh', '-c', script, process.execPath, CLI]
  const program = startProgram(t, { command, cwd, env: { USHER_DATA: 'data' } })
  t.equal(await program.ended, 0)
  t.equal(program.stderr, '0\n2\n', 'the exit codes')
})
