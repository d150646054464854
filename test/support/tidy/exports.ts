// What a file may offer beyond what Biome's rules see: no file only re-exports, no class ladders.
import type { Node, Statement } from '@babel/types'
import { lineOf, nodesIn, programOf } from './syntax.ts'
import { type Check, isCode, violation } from './tree.ts'

/** What the package exports. */
const ENTRY = 'src/index.ts'

/** Types, and what is imported first: Biome's rules see neither. */
export const barrels: Check = (files) =>
  files
    .filter((file) => isCode(file) && file.path !== ENTRY && isBarrel(programOf(file).body))
    .map((file) => violation(file, 1, 're-exports: let importers name the file they need'))

function isBarrel(body: readonly Statement[]): boolean {
  if (body.some(({ type }) => type === 'ExportAllDeclaration')) return true
  const passesOn = (node: Statement) => node.type === 'ExportNamedDeclaration' && !node.declaration
  return (
    body.some((node) => passesOn(node) && exportedNames(node).length > 0) &&
    body.every((node) => passesOn(node) || node.type === 'ImportDeclaration')
  )
}

/** The names under which a statement exports something. */
export function exportedNames(node: Statement): string[] {
  if (node.type !== 'ExportNamedDeclaration') return []
  const { declaration, specifiers } = node
  const declared =
    declaration?.type === 'VariableDeclaration' ? declaration.declarations : [declaration]
  return [...specifiers, ...declared].flatMap((named) => (named ? nameOf(named) : []))
}

function nameOf(node: Node): string | string[] {
  const named = 'exported' in node ? node.exported : 'id' in node ? node.id : null
  if (named?.type === 'Identifier') return named.name
  return named?.type === 'StringLiteral' ? named.value : []
}

export const ladders: Check = (files) =>
  files.filter(isCode).flatMap((file) =>
    [...nodesIn(programOf(file))].filter(extendsMoreThanError).map((node) => {
      const advice = 'extends a class that is not Error: hold one and call it, or share a function'
      return violation(file, lineOf(node), advice)
    }),
  )

function extendsMoreThanError(node: Node): boolean {
  if (node.type !== 'ClassDeclaration' && node.type !== 'ClassExpression') return false
  const parent = node.superClass
  return Boolean(parent) && !(parent?.type === 'Identifier' && parent.name === 'Error')
}
