// A process that takes a data folder and keeps it: node hold-folder.ts <folder> <waitMs>
// Prints "held", or why it was refused.
import { lockFolder } from '../../../../src/engine/sqlite/folder-lock.ts'
import { systemClock } from '../../../../src/time/system-clock.ts'

const [folder = '', waitMs = '0'] = process.argv.slice(2)

try {
  await lockFolder(folder, Number(waitMs), systemClock)
  process.stdin.resume()
  console.log('held')
} catch (error) {
  console.log(String(error))
}
