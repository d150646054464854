// The data folder is made with its parents, or there is an error at once.
import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { test } from 'tap'
import { makeFolder } from '../../src/engine/data-folder.ts'

const modeOf = (path: string): number => statSync(path).mode & 0o777

test('a folder is made with its parents, and one that is there stays as it is', (t) => {
  const root = t.testdir({})
  makeFolder(`${root}/a/b`)
  t.same([modeOf(`${root}/a`), modeOf(`${root}/a/b`)], [0o700, 0o700])
  mkdirSync(`${root}/c`, { mode: 0o755 })
  symlinkSync(`${root}/c`, `${root}/link`)
  makeFolder(`${root}/link`)
  t.equal(modeOf(`${root}/c`), 0o755)
  t.end()
})

test('where there can be no folder there is an error', (t) => {
  const root = t.testdir({})
  writeFileSync(`${root}/file`, '')
  symlinkSync(`${root}/nowhere`, `${root}/link`)
  for (const path of ['file', 'link', 'link/a']) {
    t.throws(() => makeFolder(`${root}/${path}`), { code: 'EEXIST' }, path)
  }
  t.throws(() => makeFolder(`${root}/file/a`), { code: 'ENOTDIR' })
  t.end()
})

const onLinux = { skip: process.platform === 'linux' ? false : 'there is no /proc' }

test('a folder that is there and answers ENOENT does not hold the boot', onLinux, (t) => {
  t.throws(() => makeFolder('/proc/usher'), { code: 'ENOENT' })
  t.throws(() => makeFolder('/proc/usher/data'), { code: 'ENOENT' })
  t.end()
})
