// A program of other people that listens on a port of this machine, for as long as a test runs.
import { once } from 'node:events'
import { connect } from 'node:net'
import { FURTHER_PROGRAMS, PROGRAMS, requireProgram } from '../../scripts/programs.ts'
import { type Program, startProgram, type Teardown } from '../support/program.ts'
import { until } from '../support/until.ts'

export type ProgramName = keyof typeof FURTHER_PROGRAMS | keyof typeof PROGRAMS

/** The path of an installed program; throws what to install where it is missing. */
export function pathOf(name: ProgramName): string {
  return requireProgram({ ...PROGRAMS, ...FURTHER_PROGRAMS }[name])
}

export interface ProgramOnPort {
  name: ProgramName
  args: readonly string[]
  /** Where it listens on 127.0.0.1 once it is ready. */
  port: number
  cwd?: string
  env?: Readonly<Record<string, string>>
}

const READY_MS = 15_000

/** Starts it, resolves when its port answers, and kills it by its id when the test is over. */
export async function startOnPort(t: Teardown, options: ProgramOnPort): Promise<Program> {
  const { name, args, port, cwd, env = {} } = options
  const program = startProgram(t, { command: [pathOf(name), ...args], cwd, env, group: true })
  const deadline = performance.now() + READY_MS
  const isOver = () => !program.isRunning || performance.now() > deadline
  let answers = false
  await until(async () => {
    answers = await accepts(port)
    return answers || isOver()
  })
  if (answers && program.isRunning) return program
  throw new Error(`${name} does not listen on ${port}: ${program.output.slice(-4_000)}`)
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' })
  const opened = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return opened
}
