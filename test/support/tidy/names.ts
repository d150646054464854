// One word per thing (docs/glossary.md), and no name that says nothing.
import { exportedNames } from './exports.ts'
import { lineOf, programOf } from './syntax.ts'
import { type Check, isCode, isUnder, type TreeFile, violation } from './tree.ts'

const EMPTY = /^(utils?|helpers?|managers?|common|base)$/

/** Words that have no right use here, and what we say. Words with one, like token, are left out. */
const OUR_WORD: Record<string, string> = {
  channel: 'room',
  topic: 'room',
  peer: 'connection',
  subscriber: 'member',
  publication: 'message',
  seq: 'position',
  packet: 'command or event',
  principal: 'identity',
  namespace: 'rule',
  broker: 'engine',
  adapter: 'engine',
  codec: 'wire format',
  serializer: 'wire format',
  roster: 'presence',
}

export const emptyNames: Check = (files) =>
  namesIn(files.filter(isCode)).flatMap(({ file, line, name }) => {
    const word = wordsOf(name).find((word) => EMPTY.test(word))
    return word ? violation(file, line, `is named ${name}: say what it does, not "${word}"`) : []
  })

export const glossary: Check = (files) =>
  namesIn(files.filter(speaksOurWords)).flatMap(({ file, line, name }) => {
    const word = wordsOf(name).find((word) => Object.hasOwn(OUR_WORD, singular(word)))
    if (!word) return []
    return violation(file, line, `is named ${name}: our word is ${OUR_WORD[singular(word)]}`)
  })

/** Centrifugal's words and Redis's own belong where we translate to them; bench/ has peers. */
function speaksOurWords(file: TreeFile): boolean {
  const isForeign = /\/(centrifugal|redis)[-/]/.test(file.path)
  return isCode(file) && isUnder(file, 'src', 'plugins', 'routes', 'public', 'test') && !isForeign
}

interface Name {
  file: TreeFile
  line: number
  name: string
}

/** The parts of each path, and every exported name. */
function namesIn(files: readonly TreeFile[]): Name[] {
  return files.flatMap((file) => [
    ...file.path.split('/').map((name) => ({ file, line: 1, name })),
    ...programOf(file).body.flatMap((node) =>
      exportedNames(node).map((name) => ({ file, line: lineOf(node), name })),
    ),
  ])
}

export function wordsOf(name: string): string[] {
  return name
    .split(/[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/)
    .map((word) => word.toLowerCase())
}

function singular(word: string): string {
  return word.replace(/s$/, '')
}
