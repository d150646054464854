// What each file imports, with relative paths resolved from the root of the repository.
import { posix } from 'node:path'
import type { Node, StringLiteral } from '@babel/types'
import { lineOf, nodesIn, programOf } from './syntax.ts'
import type { TreeFile } from './tree.ts'

export interface Import {
  line: number
  /** A path such as `src/time/clock.ts`, or a package's name as written. */
  target: string
  isOurs: boolean
  /** Gone at run time. */
  isType: boolean
  /** The names asked for; empty where all or none are. */
  names: string[]
}

export function importsOf(file: TreeFile): Import[] {
  return [...nodesIn(programOf(file))].flatMap((node) => {
    const source = sourceOf(node)
    return source ? describe(file, node, source.value) : []
  })
}

function sourceOf(node: Node): StringLiteral | null {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
      return node.source
    case 'ExportNamedDeclaration':
      return node.source ?? null
    case 'TSImportType':
      return node.argument
    case 'CallExpression': {
      const [first] = node.arguments
      return node.callee.type === 'Import' && first?.type === 'StringLiteral' ? first : null
    }
    default:
      return null
  }
}

function describe(file: TreeFile, node: Node, specifier: string): Import {
  const isOurs = specifier.startsWith('.')
  return {
    line: lineOf(node),
    target: isOurs ? posix.join(posix.dirname(file.path), specifier) : specifier,
    isOurs,
    isType: isTypeOnly(node),
    names: node.type === 'ImportDeclaration' ? namesOf(node.specifiers) : [],
  }
}

function isTypeOnly(node: Node): boolean {
  if (node.type === 'ImportDeclaration') return node.importKind === 'type'
  if (node.type === 'TSImportType') return true
  return 'exportKind' in node && node.exportKind === 'type'
}

function namesOf(specifiers: Node[]): string[] {
  return specifiers.flatMap((specifier) => {
    if (specifier.type !== 'ImportSpecifier') return []
    const { imported } = specifier
    return imported.type === 'Identifier' ? imported.name : imported.value
  })
}
