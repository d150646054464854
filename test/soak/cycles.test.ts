// The short form: a thousand connections come, talk and go, and nothing of them is left.
import { join } from 'node:path'
import { test } from 'tap'
import { startProgram } from '../support/program.ts'

const PROGRAM = join(import.meta.dirname, 'cycles.ts')

test('after a thousand connections nothing of them is left', async (t) => {
  const command = [process.execPath, '--expose-gc', PROGRAM, '1000', '50']
  const cycles = startProgram(t, { command })
  t.equal(await cycles.ended, 0, cycles.output)
})
