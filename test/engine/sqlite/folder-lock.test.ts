// One process per data folder, also after that process was killed.
import { chmodSync, statSync } from 'node:fs'
import t from 'tap'
import { EngineRefused } from '../../../src/engine/engine.ts'
import { lockFolder } from '../../../src/engine/sqlite/folder-lock.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { startChild } from './child.ts'

t.test('a folder that another process holds is refused, in words that help', async (t) => {
  const folder = t.testdir({})
  const child = startChild(t, ['lock-folder.ts', folder, '0'])
  t.equal(await child.line(), 'locked')
  const error = await lockFolder(folder, 0, new ManualClock()).catch((error) => error)
  t.type(error, EngineRefused)
  t.match(error.message, folder)
  t.match(error.message, /only one process .* name another folder in USHER_DATA\.$/)
})

t.test('a folder is free again when its process was killed with -9', async (t) => {
  const folder = t.testdir({})
  const clock = new ManualClock()
  const child = startChild(t, ['lock-folder.ts', folder, '0'])
  t.equal(await child.line(), 'locked')
  const waiting = lockFolder(folder, 1_000, clock)
  await clock.advance(500)
  await child.kill()
  await clock.advance(500)
  const lock = await waiting
  t.teardown(lock.release)
  t.pass('the wait ended with the lock')
})

t.test('a process waits for the folder, alone with its timers, and then is refused', async (t) => {
  const folder = t.testdir({})
  const lock = await lockFolder(folder, 0, new ManualClock())
  t.teardown(lock.release)
  const child = startChild(t, ['lock-folder.ts', folder, '300'])
  t.match(await child.line(), /EngineRefused: The data folder .* is in use/)
})

t.test('a process that waits says so at once, and ends when the time is over', async (t) => {
  const folder = t.testdir({})
  const clock = new ManualClock()
  const told: string[] = []
  const tell = (sentence: string) => told.push(sentence)
  const lock = await lockFolder(folder, 0, clock, tell)
  t.teardown(lock.release)
  let refused = false
  const waiting = lockFolder(folder, 1_000, clock, tell).catch(() => {
    refused = true
  })
  const sentence = `The data folder ${folder} is in use by another Usher: this one waits up to 1 s `
  t.same(told, [`${sentence}for that one to end.`])
  await clock.advance(999)
  t.equal(refused, false)
  await clock.advance(1)
  await waiting
  t.equal(refused, true)
  t.equal(told.length, 1)
})

t.test('the same process cannot take a folder twice either', async (t) => {
  const folder = t.testdir({})
  const clock = new ManualClock()
  const first = await lockFolder(folder, 0, clock)
  await t.rejects(lockFolder(folder, 0, clock), EngineRefused)
  await t.rejects(lockFolder(`${folder}/.`, 0, clock), EngineRefused)
  first.release()
  first.release()
  const second = await lockFolder(folder, 0, clock)
  second.release()
})

t.test('a folder that is missing is made, for its owner alone', async (t) => {
  const folder = `${t.testdir({})}/a/b`
  const lock = await lockFolder(folder, 0, new ManualClock())
  t.teardown(lock.release)
  t.equal(statSync(folder).mode & 0o777, 0o700)
})

t.test('a folder that cannot be made is refused at once', async (t) => {
  const folder = `${t.testdir({ file: 'not a folder' })}/file`
  const refused = lockFolder(folder, 60_000, new ManualClock())
  await t.rejects(refused, { name: 'EngineRefused', message: /stands below a file.*USHER_DATA/ })
})

t.test('a folder that cannot be written is refused at once', async (t) => {
  const folder = t.testdir({})
  chmodSync(folder, 0o500)
  // Root may write everywhere, so it steps down for a moment.
  const isRoot = process.getuid?.() === 0
  if (isRoot) process.seteuid?.(65_534)
  const refused = await lockFolder(folder, 60_000, new ManualClock()).catch((error) => error)
  if (isRoot) process.seteuid?.(0)
  t.match(refused, { name: 'EngineRefused', message: /cannot be written/ })
})
