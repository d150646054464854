// Runs the command from the sources, in the folder of a test and with no settings but its own.
import { join } from 'node:path'
import type { Test } from 'tap'
import { startProgram } from '../support/program.ts'

export const CLI = join(import.meta.dirname, '..', '..', 'src', 'cli.ts')

export interface Ran {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs it to its end. `input` is what stands on its standard input. */
export async function runUsher(
  t: Test,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input: string | null = null,
): Promise<Ran> {
  const command = [process.execPath, CLI, ...args]
  const program = startProgram(t, { command, cwd: t.testdirName, env })
  if (input !== null) program.say(input)
  const code = await program.ended
  return { code, stdout: program.stdout, stderr: program.stderr }
}
