// The command `usher`: what each of its arguments does, and with which exit code it ends.
import { ConfigError } from '../config/mistakes.ts'
import { EngineRefused, EngineUnavailable } from '../engine/engine.ts'
import { Refusal } from '../protocol/errors.ts'
import { stayAwake } from '../time/stay-awake.ts'
import { UsageError, type Wish, wishOf } from './arguments.ts'
import { backUpStore } from './backup.ts'
import { check } from './check.ts'
import { exportStore } from './export.ts'
import { CommandFailed } from './failure.ts'
import { HELP, version } from './help.ts'
import { importStore } from './import.ts'
import type { Terminal } from './password-prompt.ts'
import { changeUser } from './user.ts'

export interface Command {
  /** Starts the service, which goes on after this. */
  start(): Promise<unknown>
  print(text: string): void
  complain(text: string): void
  /** Where a password is read from. */
  input: Terminal['input']
}

/** Errors whose message is a sentence for the operator. */
const FORESEEN = [CommandFailed, ConfigError, EngineRefused, EngineUnavailable, Refusal]

const DONE = 0
const FAILED = 1
const MISUSED = 2

/** Returns the exit code; the service that was started sets its own. */
export async function main(args: readonly string[], command: Command): Promise<number> {
  const sleepAgain = stayAwake()
  try {
    return await run(wishOf(args), command)
  } catch (error) {
    if (error instanceof UsageError) {
      command.complain(`${error.message} usher --help lists what there is.\n`)
      return MISUSED
    }
    const isTold = FORESEEN.some((kind) => error instanceof kind)
    const { message, stack } = error as Error
    command.complain(`${isTold ? message : (stack ?? message)}\n`)
    return FAILED
  } finally {
    sleepAgain()
  }
}

async function run(wish: Wish, command: Command): Promise<number> {
  const { start, print, complain, input } = command
  switch (wish.do) {
    case 'start':
      await start()
      return DONE
    case 'help':
      print(HELP)
      return DONE
    case 'version':
      print(`${version()}\n`)
      return DONE
    case 'check': {
      const { report, wrongs } = check()
      print(report)
      for (const wrong of wrongs) complain(`${wrong}\n`)
      return wrongs.length === 0 ? DONE : FAILED
    }
    case 'backup':
      print(`${await backUpStore(wish.file)}\n`)
      return DONE
    case 'export':
      print(`${await exportStore(wish.file)}\n`)
      return DONE
    case 'import':
      print(`${await importStore(wish.file)}\n`)
      return DONE
    case 'user': {
      const { operation, name } = wish
      print(`${await changeUser(operation, name, { input, prompt: complain })}\n`)
      return DONE
    }
  }
}
