// What only one place may touch: frameworks, databases, the environment, time and chance.
import type { Node } from '@babel/types'
import { type Import, importsOf } from './imports.ts'
import { lineOf, nodesIn, programOf } from './syntax.ts'
import { type Check, isCode, isUnder, type TreeFile, violation } from './tree.ts'

const WEB = /^(fastify|fastify-plugin|ws|@fastify\/.+)$/

export const frameworks: Check = (files) =>
  files.filter(isInSourceFolder).flatMap((file) =>
    importsOf(file)
      .filter(({ target }) => WEB.test(target))
      .map(({ target, line }) => {
        const advice = `imports ${target}: folders of src/ know no web framework, plugins/ do`
        return violation(file, line, advice)
      }),
  )

const DATABASE = /^(node:sqlite|ioredis|redis)$/

export const databases: Check = (files) =>
  files.filter(isOutsideEngine).flatMap((file) =>
    importsOf(file)
      .filter(({ target }) => DATABASE.test(target))
      .map(({ target, line }) => {
        const advice = `imports ${target}: only src/engine/ may, all others use its ports`
        return violation(file, line, advice)
      }),
  )

export const environment: Check = (files) =>
  files
    .filter((file) => isOurCode(file) && file.path !== 'src/config/environment.ts')
    .flatMap((file) =>
      [...linesOfCalls(file, ['process.env']), ...linesOfImports(file, readsEnvironment)].map(
        (line) => violation(file, line, 'reads process.env: take it from the Config instead'),
      ),
    )

function readsEnvironment({ target, names }: Import): boolean {
  return /^(node:)?process$/.test(target) && names.includes('env')
}

const CLOCK = ['setTimeout', 'setInterval', 'setImmediate', 'Date()', 'Date.now', 'Math.random']
const STOPWATCH = ['performance.now', 'process.hrtime']
const TIMERS = /^(node:)?(timers(\/promises)?|perf_hooks)$/

export const time: Check = (files) =>
  files
    .filter((file) => isInSourceFolder(file) && !isUnder(file, 'src/time'))
    .flatMap((file) =>
      [
        ...linesOfCalls(file, [...CLOCK, ...STOPWATCH]),
        ...linesOfImports(file, ({ target, isType }) => TIMERS.test(target) && !isType),
      ].map((line) => violation(file, line, 'reaches for time or chance: take a Clock instead')),
    )

function isInSourceFolder(file: TreeFile): boolean {
  return isCode(file) && /^src\/.+\//.test(file.path)
}

function isOurCode(file: TreeFile): boolean {
  return isCode(file) && isUnder(file, 'src', 'plugins', 'routes')
}

function isOutsideEngine(file: TreeFile): boolean {
  return isOurCode(file) && !isUnder(file, 'src/engine')
}

function linesOfCalls(file: TreeFile, globals: readonly string[]): number[] {
  return [...nodesIn(programOf(file))]
    .filter((node) => globals.includes(globalOf(node)))
    .map(lineOf)
}

function linesOfImports(file: TreeFile, isBanned: (entry: Import) => boolean): number[] {
  return importsOf(file)
    .filter(isBanned)
    .map(({ line }) => line)
}

/** `a.b` for a member of a global, `f` for a call of one, `Date()` for the current time. */
function globalOf(node: Node): string {
  if (node.type === 'MemberExpression') return memberOf(node.object, node.property)
  if (node.type !== 'CallExpression' && node.type !== 'NewExpression') return ''
  if (node.callee.type !== 'Identifier') return ''
  const { name } = node.callee
  if (name !== 'Date') return name
  return node.arguments.length === 0 || node.type === 'CallExpression' ? 'Date()' : ''
}

function memberOf(object: Node, property: Node): string {
  if (object.type !== 'Identifier') return ''
  if (property.type === 'Identifier') return `${object.name}.${property.name}`
  return property.type === 'StringLiteral' ? `${object.name}.${property.value}` : ''
}
