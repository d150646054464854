// What each file imports, with relative paths resolved from the root of the repository.
import { posix } from 'node:path'
import type { Node } from '@babel/types'
import { lineOf, nodesIn, programOf } from './syntax.ts'
import type { TreeFile } from './tree.ts'

export interface Import {
  line: number
  /** A path such as `src/time/clock.ts`, or a package's name as written. */
  target: string
  isOurs: boolean
  /** Gone at run time. */
  isType: boolean
}

export function importsOf(file: TreeFile): Import[] {
  return [...nodesIn(programOf(file))].flatMap((node) => {
    const specifier = specifierOf(node)
    if (specifier === null) return []
    const isOurs = specifier.startsWith('.')
    const target = isOurs ? posix.join(posix.dirname(file.path), specifier) : specifier
    return { line: lineOf(node), target, isOurs, isType: isTypeOnly(node) }
  })
}

function specifierOf(node: Node): string | null {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ExportNamedDeclaration':
      return node.source?.value ?? null
    case 'TSImportType':
      return node.argument.value
    case 'CallExpression': {
      const [first] = node.arguments
      return node.callee.type === 'Import' && first?.type === 'StringLiteral' ? first.value : null
    }
    default:
      return null
  }
}

function isTypeOnly(node: Node): boolean {
  if (node.type === 'ImportDeclaration') return node.importKind === 'type'
  return node.type === 'TSImportType' || ('exportKind' in node && node.exportKind === 'type')
}
