// Packs the package and uses it in an empty project: `npm run check:package`, one line per check.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { type Packed, pack } from './pack.ts'
import { runCommand } from './run-command.ts'

/** Far more than the code and its pages take: what is over it slipped in. */
const BYTES_MAX = 768 * 1024
const SHIPPED = /^(package\.json|README\.md|CHANGELOG\.md|LICENSE|docs\/.+|deploy\/.+|dist\/.+)$/
const SOURCE = /^dist\/.*((?<!\.d)\.ts|\.map|\.md)$/
const BIN = join('node_modules', '.bin')
const RUNS_ON = '24'
const TOO_OLD = '20'

const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
/** A stranger's project, with nothing in it but what npm installs there. */
const project = mkdtempSync(join(tmpdir(), 'usher-check-'))
const nodes = join(project, 'nodes')
const nodeFolder = (version: string) => join(nodes, 'node_modules', `node-${version}`, 'bin')

/** `run` throws an Error that says what is wrong, or returns a detail for the line. */
function check<T>(title: string, run: () => T): T {
  const since = performance.now()
  const found = run()
  const seconds = ((performance.now() - since) / 1_000).toFixed(1)
  console.log(`ok - ${title}${typeof found === 'string' ? ` (${found})` : ''}, ${seconds} s`)
  return found
}

function hasOnlyWhatItNeeds({ files, bytes }: Packed): string {
  const stray = files.filter((file) => !SHIPPED.test(file) || SOURCE.test(file))
  if (stray.length > 0) throw new Error(`what does it need ${stray.join(', ')} for?`)
  if (bytes > BYTES_MAX) throw new Error(`it has ${bytes} bytes, more than ${BYTES_MAX}`)
  return `${files.length} files, ${Math.ceil(bytes / 1024)} KB`
}

function write(folder: string, name: string, value: object): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, name), JSON.stringify(value))
}

function install(cwd: string, packages: readonly string[] = []): void {
  const flags = ['--no-audit', '--no-fund', '--prefer-offline']
  runCommand('npm', ['install', ...flags, ...packages], { cwd, seconds: 240 })
}

function installNodes(): void {
  const names = [RUNS_ON, TOO_OLD].map((version) => `node-${version}`)
  // Install scripts fetch Node for this machine; a newer npm runs only the scripts that are named.
  const allowScripts = Object.fromEntries(['node', ...names].map((name) => [name, true]))
  write(nodes, 'package.json', { private: true, allowScripts })
  const aliases = names.map((name) => `${name}@npm:${name.replace('-', '@')}`)
  install(nodes, aliases)
}

function installPackage(tarball: string): void {
  write(project, 'package.json', { private: true, type: 'module' })
  install(project, [tarball, `@types/node@${manifest.devDependencies['@types/node']}`])
}

/** The examples expect the tarball two folders up. */
function installExamples(): void {
  const filter = (path: string) => !/\/(node_modules|data)$/.test(path)
  cpSync('examples', join(project, 'examples'), { recursive: true, filter })
  for (const name of ['existing-app', 'mobile-back-end']) install(join(project, 'examples', name))
}

/** Compiles in strict mode, with the types of all that the package exports and depends on. */
function compileTypes(): void {
  const compilerOptions = {
    ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
    ...{ target: 'es2024', module: 'nodenext', types: ['node'], noEmit: true },
  }
  const files = ['types.ts', 'own-names.ts']
  for (const file of files) cpSync(join('test', 'package', file), join(project, file))
  write(project, 'tsconfig.json', { compilerOptions, files })
  runCommand(join(BIN, 'tsc'), ['-p', project])
}

function isUsable(nodeFolder: string): string {
  const env = { USHER_INSTALLED: project, USHER_NODE: nodeFolder }
  runCommand(join(BIN, 'tap'), ['test/package/package.test.ts'], { env, seconds: 180 })
  return runCommand(join(nodeFolder, 'node'), ['--version']).trim()
}

function refusesOldNode(): void {
  const env = { PATH: [nodeFolder(TOO_OLD), process.env.PATH].join(delimiter) }
  const sentence = `Usher needs Node ${manifest.engines.node.replace('>=', '')} or newer`
  const refusal = outcomeOf(() => runCommand(join(project, BIN, 'usher'), [], { env, seconds: 20 }))
  if (!refusal.includes(sentence)) throw new Error(`it does not say "${sentence}": ${refusal}`)
}

function outcomeOf(run: () => unknown): string {
  try {
    return String(run())
  } catch (error) {
    return String(error)
  }
}

function main(): void {
  const packed = check('it is packed', () => pack(project))
  check('it has only what it needs', () => hasOnlyWhatItNeeds(packed))
  check('publint', () => void runCommand(join(BIN, 'publint'), ['run', '--strict', packed.path]))
  const profile = ['--profile', 'esm-only']
  check('are the types wrong', () => void runCommand(join(BIN, 'attw'), [...profile, packed.path]))
  check('it is installed in an empty project', () => installPackage(packed.path))
  check('the types of its options hold there', compileTypes)
  check('the examples are installed', installExamples)
  check('other Nodes are installed', installNodes)
  check('the command and the examples work', () => isUsable(dirname(process.execPath)))
  check('the command and the examples work', () => isUsable(nodeFolder(RUNS_ON)))
  check('too old a Node is told so', refusesOldNode)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
process.once('exit', () => rmSync(project, { recursive: true, force: true }))
try {
  main()
} catch (error) {
  console.error(`not ok - ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}
