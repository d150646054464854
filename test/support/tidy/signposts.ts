// What greets a newcomer: a README in each folder, and a first line in each file.
import { posix } from 'node:path'
import { type Check, isCode, isFixture, isUnder, linesOf, violation } from './tree.ts'

const SIGNED = 'src plugins routes public test docs bench scripts examples'.split(' ')
const README_LINES = 15

export const readmes: Check = (files) => {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const folders = new Set(files.flatMap(({ path }) => (isFixture(path) ? [] : foldersOf(path))))
  return [...folders].flatMap((folder) => {
    const path = `${folder}/README.md`
    const readme = byPath.get(path)
    if (!readme) return `${path}:1 is missing: say what belongs in ${folder}/ and what must not`
    if (linesOf(readme).length <= README_LINES) return []
    return violation(readme, README_LINES + 1, `is longer than ${README_LINES} lines: shorten it`)
  })
}

/** Every folder above a file, up to and with a signed top one. */
function foldersOf(path: string): string[] {
  const folder = posix.dirname(path)
  if (folder === '.') return []
  const [top = ''] = folder.split('/')
  return SIGNED.includes(top) ? [folder, ...foldersOf(folder)] : []
}

export const openings: Check = (files) =>
  files
    .filter((file) => isCode(file) && isUnder(file, 'src', 'plugins', 'routes'))
    .filter(({ text }) => !/^\/[/*]/.test(text))
    .map((file) => violation(file, 1, 'opens without a comment: say in it what the file is for'))
