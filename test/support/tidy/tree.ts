// The files that the tidy checks look at, and how a check says what is wrong.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

export interface TreeFile {
  /** From the root of the repository, with forward slashes. */
  path: string
  text: string
}

/** Looks at all files at once and returns one `path:line sentence` for each thing to mend. */
export type Check = (files: readonly TreeFile[]) => string[]

export function violation(file: TreeFile, line: number, advice: string): string {
  return `${file.path}:${line} ${advice}`
}

const TEXT = /\.(ts|js|mjs|css|html|lua|md)$/

// CI may run as another user than the one who cloned, which git else refuses.
const LIST = ['-c', 'safe.directory=*', 'ls-files', '-coz', '--exclude-standard']

/** What git knows or would add. Recorded data and other formats count as files, unread. */
export function repositoryFiles(): TreeFile[] {
  return execFileSync('git', LIST, { encoding: 'utf8' })
    .split('\0')
    .filter((path) => path !== '' && existsSync(path))
    .map((path) => ({ path, text: isRead(path) ? readFileSync(path, 'utf8') : '' }))
}

function isRead(path: string): boolean {
  return TEXT.test(path) && !isFixture(path)
}

/** Data that tests compare with, which keeps the shape it was recorded in. */
export function isFixture(path: string): boolean {
  return /^test\/fixtures\/.+\//.test(path)
}

export function isCode(file: TreeFile): boolean {
  return /\.(ts|js|mjs)$/.test(file.path)
}

export function isUnder(file: TreeFile, ...folders: readonly string[]): boolean {
  return folders.some((folder) => file.path.startsWith(`${folder}/`))
}

export function linesOf(file: TreeFile): string[] {
  return file.text.replace(/\n$/, '').split('\n')
}

export function treeOf(texts: Record<string, string>): TreeFile[] {
  return Object.entries(texts).map(([path, text]) => ({ path, text }))
}
