// usher user as a process: beside a server, after one that was killed, and where none was started.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { PASSWORD } from '../support/people.ts'
import { startProgram } from '../support/program.ts'
import { startServer } from '../support/server-process.ts'
import { CLI, runUsher } from './run-usher.ts'

const DATA = { USHER_DATA: 'data' }

test('usher user goes through a server that runs, else through the store', async (t) => {
  const folder = t.testdir({})
  const none = await runUsher(t, ['user', 'add', 'ann'], DATA, PASSWORD)
  t.match(none, {
    code: 1,
    stderr: /^There is no store in .+data: name the data folder in USHER_DATA/,
  })
  t.same(readdirSync(folder), [], 'and makes none')

  const server = await startServer(t, DATA)
  const added = await runUsher(t, ['user', 'add', 'ann'], DATA, PASSWORD)
  t.match(added, { code: 0, stderr: '', stdout: /^ann has an account now: u_[\w-]+\.\n$/ })
  await server.end('SIGKILL')
  t.ok(existsSync(join(folder, 'data', 'usher.sock')), 'a killed server leaves its socket')
  t.notOk(server.stdout().includes(PASSWORD))

  const banned = await runUsher(t, ['user', 'ban', 'ann'], DATA)
  t.match(banned, { code: 0, stdout: /^ann is banned/ })
  const unknown = await runUsher(t, ['user', 'password', 'bob'], DATA, PASSWORD)
  t.match(unknown, { code: 1, stderr: 'There is no account with the name bob.\n' })
})

test('a password is read from a terminal twice and without echo', async (t) => {
  t.testdir({})
  const usher = `${process.execPath} ${CLI} user add ann`
  const command = ['script', '--quiet', '--return', '--command', usher, '/dev/null']
  const program = startProgram(t, { command, cwd: t.testdirName, env: DATA })
  await program.shows(/Password: $/)
  program.say(PASSWORD)
  await program.shows(/Once more: $/)
  program.say(`${PASSWORD}x`)
  t.equal(await program.ended, 1)
  t.match(program.output, /The two passwords differ: nothing was changed\./)
  t.notOk(program.output.includes(PASSWORD))
})

test('without a password nothing is done', async (t) => {
  t.testdir({})
  const command = [process.execPath, CLI, 'user', 'add', 'ann']
  const program = startProgram(t, { command: ['sh', '-c', '"$@" </dev/null', 'sh', ...command] })
  t.equal(await program.ended, 1)
  t.equal(program.stderr, 'There is no password: nothing was changed.\n')
})
