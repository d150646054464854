// Only src/time reads clocks, sets timers and draws random numbers: all others take a Clock.
import type { Node } from '@babel/types'
import { importsOf } from './imports.ts'
import { lineOf, nodesIn, programOf } from './syntax.ts'
import { type Check, isCode, isUnder, type TreeFile, violation } from './tree.ts'

const GLOBALS = [
  ...['setTimeout', 'setInterval', 'setImmediate', 'Date()', 'Date.now', 'Math.random'],
  ...['performance.now', 'process.hrtime'],
]
const MODULES = /^(node:)?(timers(\/promises)?|perf_hooks)$/

export const time: Check = (files) =>
  files
    .filter((file) => isCode(file) && /^src\/.+\//.test(file.path) && !isUnder(file, 'src/time'))
    .flatMap((file) =>
      linesOf(file).map((line) => {
        return violation(file, line, 'reaches for time or random numbers: take a Clock instead')
      }),
    )

function linesOf(file: TreeFile): number[] {
  const calls = [...nodesIn(programOf(file))].filter((node) => GLOBALS.includes(globalOf(node)))
  const imports = importsOf(file).filter(({ target, isType }) => MODULES.test(target) && !isType)
  return [...calls.map(lineOf), ...imports.map(({ line }) => line)]
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
