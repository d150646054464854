// Habits of size: what does not fit on a screen is not read as a whole.
import type { Function as FunctionNode, Node } from '@babel/types'
import { childrenOf, heightOf, lineOf, nodesIn, programOf } from './syntax.ts'
import { type Check, isCode, isUnder, linesOf, type TreeFile, violation } from './tree.ts'

const FILE_LINES = 300
const LINE_COLUMNS = 100
const FUNCTION_LINES = 50
const NESTING = 3

export const fileLength: Check = (files) =>
  files
    .filter((file) => !file.path.endsWith('.md') && linesOf(file).length > FILE_LINES)
    .map((file) => {
      const advice = `is longer than ${FILE_LINES} lines: move the second thing it does`
      return violation(file, FILE_LINES + 1, advice)
    })

export const lineLength: Check = (files) =>
  files.flatMap((file) =>
    linesOf(file).flatMap((line, index) => {
      const columns = [...measured(file, line)].length
      if (columns <= LINE_COLUMNS) return []
      return violation(file, index + 1, `is ${columns} columns wide: break it at ${LINE_COLUMNS}`)
    }),
  )

/** Markdown cannot break a table's row or a link's address, so these do not count. */
function measured(file: TreeFile, line: string): string {
  if (!file.path.endsWith('.md')) return line
  if (line.trimStart().startsWith('|')) return ''
  return line.replaceAll(/\]\([^)]*\)|https?:\/\/\S+/g, '')
}

export const functionLength: Check = (files) =>
  files.filter(isCode).flatMap((file) =>
    functionsIn(file).flatMap((node) => {
      const lines = isUnder(file, 'test') ? suiteHeight(node) : heightOf(node)
      if (lines <= FUNCTION_LINES) return []
      const advice = `starts a function of ${lines} lines: split it to ${FUNCTION_LINES} or less`
      return violation(file, lineOf(node), advice)
    }),
  )

function functionsIn(file: TreeFile): FunctionNode[] {
  return [...nodesIn(programOf(file))].filter(isFunction)
}

const FUNCTION = /^(Function.+|ArrowFunctionExpression|(Object|Class|ClassPrivate)Method)$/

function isFunction(node: Node): node is FunctionNode {
  return FUNCTION.test(node.type)
}

/** A contract suite only registers tests: each of those is measured, their sum is not. */
function suiteHeight(suite: FunctionNode): number {
  const tests = childrenOf(suite).flatMap(outermostTests)
  return tests.reduce((lines, test) => lines - heightOf(test) + 1, heightOf(suite))
}

function outermostTests(node: Node): Node[] {
  return isTest(node) ? [node] : childrenOf(node).flatMap(outermostTests)
}

function isTest(node: Node): boolean {
  if (node.type !== 'CallExpression') return false
  const { callee } = node
  const name = callee.type === 'MemberExpression' ? callee.property : callee
  return name.type === 'Identifier' && name.name === 'test'
}

export const nesting: Check = (files) =>
  files.filter(isCode).flatMap((file) =>
    tooDeep(programOf(file), 0).map((node) => {
      const advice = `is nested deeper than ${NESTING}: return early, or give the inside a name`
      return violation(file, lineOf(node), advice)
    }),
  )

const BRANCHES = /^(If|Switch|Try|While|DoWhile|For|ForIn|ForOf)Statement$/

/** The outermost statements that lie too deep, counted anew in each function. */
function tooDeep(node: Node, depth: number): Node[] {
  if (depth > NESTING) return [node]
  return childrenOf(node).flatMap((child) => tooDeep(child, depthOf(child, node, depth)))
}

function depthOf(child: Node, parent: Node, depth: number): number {
  if (isFunction(child)) return 0
  const continues = parent.type === 'IfStatement' && child === parent.alternate
  return BRANCHES.test(child.type) && !(continues && child.type === 'IfStatement')
    ? depth + 1
    : depth
}
