// Copies the store in USHER_DATA to a file; Usher may be running: npm run backup -- <file>
import { EngineRefused } from '../src/engine/engine.ts'
import { backUp } from '../src/engine/sqlite/backup.ts'

const MEBIBYTE = 1_048_576

async function main(file: string | undefined): Promise<string> {
  if (file === undefined || process.argv.length > 3) {
    throw new EngineRefused('Say where the backup goes: npm run backup -- <file>')
  }
  const folder = process.env.USHER_DATA ?? './data'
  if (folder === ':memory:') throw new EngineRefused('A store in memory cannot be backed up.')
  const bytes = await backUp({ folder, file })
  return `${file} holds the store of ${folder}: ${(bytes / MEBIBYTE).toFixed(1)} MiB.`
}

main(process.argv[2]).then(console.log, (error) => {
  console.error(error instanceof EngineRefused ? error.message : error)
  process.exitCode = 1
})
