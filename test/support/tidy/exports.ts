// What a file may offer, and how: by name, itself, and without class ladders.
import type { Node, Statement } from '@babel/types'
import { lineOf, nodesIn, programOf } from './syntax.ts'
import { type Check, isCode, isUnder, type TreeFile, violation } from './tree.ts'

export const defaultExports: Check = (files) =>
  files
    .filter((file) => isCode(file) && isUnder(file, 'src'))
    .flatMap((file) =>
      programOf(file)
        .body.filter(isDefaultExport)
        .map((node) => violation(file, lineOf(node), 'exports a default: give it a name')),
    )

function isDefaultExport(node: Statement): boolean {
  if (node.type === 'ExportDefaultDeclaration') return true
  return node.type === 'ExportNamedDeclaration' && exportedNames(node).includes('default')
}

const PUBLIC_DOOR = 'src/index.ts'

export const barrels: Check = (files) =>
  files
    .filter((file) => isCode(file) && file.path !== PUBLIC_DOOR)
    .flatMap((file) => {
      const { body } = programOf(file)
      const star = body.find((node) => node.type === 'ExportAllDeclaration')
      if (!star && !passesOnOnly(body)) return []
      const line = star ? lineOf(star) : 1
      return violation(file, line, 're-exports: let importers name the file they need')
    })

function passesOnOnly(body: readonly Statement[]): boolean {
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
  return [...specifiers, ...declaratorsOf(declaration ?? null)].flatMap(nameOf)
}

function declaratorsOf(declaration: Node | null): Node[] {
  if (!declaration) return []
  return declaration.type === 'VariableDeclaration' ? declaration.declarations : [declaration]
}

function nameOf(node: Node): string | string[] {
  const named = 'exported' in node ? node.exported : 'id' in node ? node.id : null
  if (!named) return []
  return named.type === 'Identifier'
    ? named.name
    : named.type === 'StringLiteral'
      ? named.value
      : []
}

export const ladders: Check = (files) =>
  files.filter(isCode).flatMap((file) =>
    nodesMatching(file, extendsMoreThanError).map((node) => {
      const advice = 'extends a class that is not Error: hold one and call it, or share a function'
      return violation(file, lineOf(node), advice)
    }),
  )

function extendsMoreThanError(node: Node): boolean {
  if (node.type !== 'ClassDeclaration' && node.type !== 'ClassExpression') return false
  const parent = node.superClass
  return Boolean(parent) && !(parent?.type === 'Identifier' && parent.name === 'Error')
}

export const erasable: Check = (files) =>
  files
    .filter(isCode)
    .flatMap((file) =>
      nodesMatching(file, isNotErasable).map((node) =>
        violation(
          file,
          lineOf(node),
          'leaves code behind for a type: use a union and plain fields',
        ),
      ),
    )

const NOT_ERASABLE = ['TSEnumDeclaration', 'TSParameterProperty', 'TSImportEqualsDeclaration']

/** `declare module 'x'` and `declare global` only add types, so they may stay. */
function isNotErasable(node: Node): boolean {
  if (node.type === 'TSModuleDeclaration') return node.kind === 'namespace'
  return NOT_ERASABLE.includes(node.type)
}

function nodesMatching(file: TreeFile, matches: (node: Node) => boolean): Node[] {
  return [...nodesIn(programOf(file))].filter(matches)
}
