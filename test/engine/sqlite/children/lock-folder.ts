// A process that takes a data folder and keeps it: node lock-folder.ts <folder> <waitMs>
// Prints "locked", or the reason for the refusal.
import { lockFolder } from '../../../../src/engine/sqlite/folder-lock.ts'
import { systemClock } from '../../../../src/time/system-clock.ts'

const [folder = '', waitMs = '0'] = process.argv.slice(2)

try {
  await lockFolder(folder, Number(waitMs), systemClock)
  process.stdin.resume()
  console.log('locked')
} catch (error) {
  console.log(String(error))
}
