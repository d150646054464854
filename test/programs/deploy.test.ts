// The files that deploy/ ships for systemd and for containers: each is right in the eyes of its own
// program, and what it starts is Node itself, which ends gracefully on SIGTERM.
import { readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { t as file, type Test, test } from 'tap'
import { runCommand } from '../../scripts/run-command.ts'
import { installedPackage } from '../package/installed.ts'
import { freePort } from '../support/free-port.ts'
import { type Program, startProgram } from '../support/program.ts'
import { startRedis } from '../support/redis-server.ts'
import { pathOf } from './start-program.ts'

const UNIT = readFileSync('deploy/usher.service', 'utf8')
const DOCKERFILE = readFileSync('deploy/Dockerfile', 'utf8')
const SECRET = 'a-secret-for-this-test-alone-0123456789'
/** Where the files install the package. */
const PREFIX = '/opt/usher/node_modules'
/** The linter of Docker's language server. */
const DOCKERFILE_LINT = ['--yes', '--package=dockerfile-utils@0.16.3', 'dockerfile-utils', 'lint']

const { bin, path } = installedPackage(file)
const installed = join(bin, '..', '..')

/** The values of a setting of the unit, in their order. */
function inUnit(setting: string): string[] {
  return [...UNIT.matchAll(new RegExp(`^${setting}=(.*)$`, 'gm'))].map(([, value = '']) => value)
}

/** The words of an instruction of the Dockerfile that is written as JSON. */
function inDockerfile(instruction: string): string[] {
  const [, words = '[]'] = new RegExp(`^${instruction} .*?(\\[".*\\])$`, 'm').exec(DOCKERFILE) ?? []
  return JSON.parse(words)
}

async function startFrom(
  t: Test,
  command: readonly string[],
  written: readonly string[],
): Promise<{ program: Program; url: string; env: Record<string, string> }> {
  const port = String(await freePort())
  const data = join(t.testdir({}), 'data')
  const pairs = written.map((text) => [text.split('=')[0] ?? '', text.slice(text.indexOf('=') + 1)])
  const own = { PORT: port, HOST: '127.0.0.1', USHER_DATA: data, USHER_SECRET: SECRET }
  const found = [join(installed, '.bin'), path].join(delimiter)
  const env = { ...Object.fromEntries(pairs), ...own, PATH: found }
  const program = startProgram(t, { command, cwd: t.testdirName, env })
  await program.shows(/Usher is open/)
  return { program, url: `http://127.0.0.1:${port}`, env }
}

test('systemd takes the unit, and finds little that it exposes', async (t) => {
  const folder = t.testdir({})
  const unit = join(folder, 'usher.service')
  writeFileSync(unit, UNIT.replaceAll(PREFIX, installed))
  const said = runCommand(pathOf('systemdAnalyze'), ['verify', unit])
  t.notMatch(said, /usher\.service/, 'no complaint is about it')
  const args = ['security', '--offline=true', '--threshold=20', '--no-pager', unit]
  const verdict = runCommand(pathOf('systemdAnalyze'), args)
  t.match(verdict, /Overall exposure level for usher\.service: 1\.\d OK/)
})

test('what the unit starts is up, and SIGTERM ends it with 0', async (t) => {
  const [command = ''] = inUnit('ExecStart')
  t.match(command, `${PREFIX}/.bin/usher start`)
  const words = command.replace(PREFIX, installed).split(' ')
  const { program, url } = await startFrom(t, words, inUnit('Environment'))
  t.equal((await fetch(`${url}/health/ready`)).status, 200)
  t.equal(await program.end('SIGTERM'), 0)
  t.match(program.stdout, /"signal":"SIGTERM"/)
})

test("the Dockerfile is right in the eyes of Docker's own linter", async (t) => {
  t.equal(runCommand('npx', [...DOCKERFILE_LINT, 'deploy/Dockerfile']).trim(), '')
  t.match(DOCKERFILE, /^USER 1000:1000$/m)
})

test('what the container starts is up and healthy, and SIGTERM ends it with 0', async (t) => {
  const command = [...inDockerfile('ENTRYPOINT'), ...inDockerfile('CMD')]
  t.same(command, ['usher', 'start'])
  const { program, env } = await startFrom(t, command, ['NODE_ENV=production'])
  const check = inDockerfile('HEALTHCHECK')
  const health = () => startProgram(t, { command: check, env }).ended
  t.equal(await health(), 0)
  t.equal(await program.end('SIGTERM'), 0)
  t.equal(await health(), 1, 'and a server that is gone is not healthy')
})

const configOf = (file: string, env: Record<string, string>) =>
  runCommand(pathOf('dockerCompose'), ['-f', file, 'config'], { env })

test('docker-compose takes the file for one node, and asks for a secret', (t) => {
  const file = 'deploy/one-node.compose.yaml'
  const said = configOf(file, { USHER_SECRET: SECRET })
  for (const part of ['dockerfile: deploy/Dockerfile', 'read_only: true', '/var/lib/usher']) {
    t.ok(said.includes(part), part)
  }
  t.throws(() => configOf(file, { USHER_SECRET: '' }), /openssl rand -hex 32/)
  t.end()
})

test('docker-compose takes the file for two nodes, and asks for a secret', (t) => {
  const file = 'deploy/compose.yaml'
  const said = configOf(file, { USHER_SECRET: SECRET })
  for (const part of ['usher-1:', 'usher-2:', 'USHER_REDIS_URL: redis://redis:6379']) {
    t.ok(said.includes(part), part)
  }
  const [, address] = /ipv4_address: (\S+)/.exec(said) ?? []
  t.ok(said.includes(`USHER_TRUST_PROXY: ${address}`), 'the proxy is believed')
  t.throws(() => configOf(file, { USHER_SECRET: '' }), /openssl rand -hex 32/)
  t.end()
})

test('the Redis of that file keeps every write, and refuses when it is full', async (t) => {
  const said = configOf('deploy/compose.yaml', { USHER_SECRET: SECRET })
  const [, words = ''] = /command:\n((?: +- .*\n)+)/.exec(said.slice(said.indexOf(' redis:'))) ?? []
  const [, ...settings] = [...words.matchAll(/- (.*)/g)].map(([, word = '']) => unquoted(word))
  const redis = await startRedis(t, settings)
  for (const [name, value] of [
    ['appendonly', 'yes'],
    ['appendfsync', 'always'],
    ['maxmemory-policy', 'noeviction'],
    ['maxmemory', String(1024 ** 3)],
  ] as const) {
    t.equal(String(((await redis.tell('CONFIG', 'GET', name)) as Buffer[])[1]), value)
  }
})

function unquoted(word: string): string {
  return word.replaceAll(/^(['"])(.*)\1$/g, '$2')
}
