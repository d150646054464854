// One parse of each file for all checks, and a walk over what was found.
import { type ParserPlugin, parse } from '@babel/parser'
import type { Comment, File, Node, Program } from '@babel/types'
import type { TreeFile } from './tree.ts'

const parsed = new WeakMap<TreeFile, File>()

export const programOf = (file: TreeFile): Program => parsedOf(file).program

export const commentsOf = (file: TreeFile): readonly Comment[] => parsedOf(file).comments ?? []

function parsedOf(file: TreeFile): File {
  const known = parsed.get(file)
  if (known) return known
  const plugins: ParserPlugin[] = file.path.endsWith('.ts') ? ['typescript'] : []
  try {
    const found = parse(file.text, { sourceType: 'module', plugins })
    parsed.set(file, found)
    return found
  } catch (error) {
    throw new Error(`${file.path} cannot be parsed`, { cause: error })
  }
}

export function lineOf(node: Node): number {
  return node.loc?.start.line ?? 1
}

/** The node and everything below it, in the order of the text. */
export function* nodesIn(node: Node): Generator<Node> {
  yield node
  for (const child of childrenOf(node)) yield* nodesIn(child)
}

export function childrenOf(node: Node): Node[] {
  return Object.values(node).flat().filter(isNode)
}

// Comments hang on nodes too, and are no part of what a walk looks at.
function isNode(value: unknown): value is Node {
  if (typeof value !== 'object' || value === null || !('type' in value)) return false
  return typeof value.type === 'string' && !value.type.startsWith('Comment')
}
