// The command `usher`: what each of its arguments does, and with which exit code it ends.
import { ConfigError } from '../config/mistakes.ts'
import { EngineRefused } from '../engine/engine.ts'
import { UsageError, type Wish, wishOf } from './arguments.ts'
import { backUpStore } from './backup.ts'
import { check } from './check.ts'
import { HELP, version } from './help.ts'

export interface Command {
  /** Starts the service, which goes on after this. */
  start(): Promise<unknown>
  print(text: string): void
  complain(text: string): void
}

const DONE = 0
const FAILED = 1
const MISUSED = 2

/** Returns the exit code; the service that was started sets its own. */
export async function main(args: readonly string[], command: Command): Promise<number> {
  try {
    return await run(wishOf(args), command)
  } catch (error) {
    if (error instanceof UsageError) {
      command.complain(`${error.message} usher --help lists what there is.\n`)
      return MISUSED
    }
    const isTold = error instanceof EngineRefused || error instanceof ConfigError
    command.complain(`${isTold ? error.message : ((error as Error).stack ?? error)}\n`)
    return FAILED
  }
}

async function run(wish: Wish, { start, print, complain }: Command): Promise<number> {
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
  }
}
