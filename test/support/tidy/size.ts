// Columns and nesting: Biome's formatter leaves long comments alone, and none of its rules counts
// depth.
import type { Node } from '@babel/types'
import { childrenOf, lineOf, programOf } from './syntax.ts'
import { type Check, isCode, linesOf, type TreeFile, violation } from './tree.ts'

const LINE_COLUMNS = 100
const NESTING = 3

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

export const nesting: Check = (files) =>
  files.filter(isCode).flatMap((file) =>
    tooDeep(programOf(file), 0).map((node) => {
      const advice = `is nested deeper than ${NESTING}: return early, or give the inside a name`
      return violation(file, lineOf(node), advice)
    }),
  )

const FUNCTION = /^(Function.+|ArrowFunctionExpression|(Object|Class|ClassPrivate)Method)$/
const BRANCHES = /^(If|Switch|Try|While|DoWhile|For|ForIn|ForOf)Statement$/

/** The outermost statements that lie too deep, counted from 0 in each function. */
function tooDeep(node: Node, depth: number): Node[] {
  if (depth > NESTING) return [node]
  return childrenOf(node).flatMap((child) => tooDeep(child, depthOf(child, node, depth)))
}

function depthOf(child: Node, parent: Node, depth: number): number {
  if (FUNCTION.test(child.type)) return 0
  const continues = parent.type === 'IfStatement' && child === parent.alternate
  return BRANCHES.test(child.type) && !(continues && child.type === 'IfStatement')
    ? depth + 1
    : depth
}
