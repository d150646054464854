// Plain words (docs/glossary.md): a sentence names its thing, and names are the field's own.
import type { Node } from '@babel/types'
import { wordsOf } from './names.ts'
import { commentsOf, lineOf, nodesIn, programOf } from './syntax.ts'
import { type Check, isCode, isUnder, type TreeFile, violation } from './tree.ts'

/** Where names are checked; the benchmark has budgets, which are its own word. */
const NAMED = ['src', 'plugins', 'routes', 'public', 'test', 'scripts']

/** A phrase may be broken at the end of a line. */
const PHRASES = [
  'nobody|somebody|everybody|whoever',
  'at hand',
  'dear',
  'lets? go of',
  'in the place of',
  'anew',
].map((words) => new RegExp(`\\b(${words.replaceAll(' ', '[^\\S\\n]*\\n?[^\\S\\n]*')})\\b`, 'gi'))

export const plainWords: Check = (files) =>
  files.flatMap((file) => {
    const text = sentencesIn(file).replaceAll(/`[^`\n]*`/g, blank)
    return PHRASES.flatMap((phrase) => [...text.matchAll(phrase)]).map(({ 0: found, index }) => {
      const line = text.slice(0, index).split('\n').length
      const words = found.replace(/\s+/, ' ')
      return violation(file, line, `says "${words}": name the member, connection or client`)
    })
  })

/** What people read as prose, each letter where it stands in the file; all else is blank. */
function sentencesIn(file: TreeFile): string {
  if (file.path.endsWith('.md')) return file.text
  if (!isCode(file)) return ''
  let text = ''
  for (const { start = 0, end = 0, value } of commentsOf(file)) {
    const words = ` ${value.replaceAll(/^\s*\*/gm, blank)}`
    text +=
      blank(file.text.slice(text.length, start ?? 0)) + words.padStart((end ?? 0) - (start ?? 0))
  }
  return text
}

const blank = (text: string): string => text.replaceAll(/[^\n]/g, ' ')

/** What the field calls it, by what we once did; `token bucket` is the field's own. */
const FIELD_TERM: Record<string, string> = {
  house: 'context',
  facade: 'server API',
  listening: 'graceful shutdown',
  bodies: 'validation',
  gate: 'concurrency limit',
  bucket: 'token bucket',
  chance: 'random',
  slot: 'connection limits',
  budget: 'message rate',
  turn: 'flush',
  sweep: 'pass',
  standing: 'user status',
  door: 'endpoint or route',
}

export const plainNames: Check = (files) =>
  files
    .filter((file) => isUnder(file, ...NAMED))
    .flatMap((file) => [
      ...privateWords(file.path.split('/').at(-1) ?? '').map((word) => advise(file, 1, word)),
      ...typesIn(file).flatMap(({ line, name }) =>
        privateWords(name).map((word) => advise(file, line, word)),
      ),
    ])

function privateWords(name: string): string[] {
  const words = wordsOf(name).map((word) => (word === 'bodies' ? word : word.replace(/s$/, '')))
  return words.filter((word, at) => {
    return Object.hasOwn(FIELD_TERM, word) && !(word === 'bucket' && words[at - 1] === 'token')
  })
}

function advise(file: TreeFile, line: number, word: string): string {
  return violation(file, line, `is named ${word}: the field says ${FIELD_TERM[word]}`)
}

function typesIn(file: TreeFile): { line: number; name: string }[] {
  if (!isCode(file)) return []
  return [...nodesIn(programOf(file))].flatMap((node) => {
    const name = typeNamed(node)
    return name === undefined ? [] : { line: lineOf(node), name }
  })
}

function typeNamed(node: Node): string | undefined {
  switch (node.type) {
    case 'ClassDeclaration':
    case 'TSInterfaceDeclaration':
    case 'TSTypeAliasDeclaration':
      return node.id?.name
    default:
      return undefined
  }
}
