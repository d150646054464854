// The arguments of the command, read into what is wished for.
import { parseArgs } from 'node:util'
import { OPERATIONS, type Operation } from '../identity/operator.ts'

export type Wish =
  | { do: 'start' | 'check' | 'help' | 'version' }
  | { do: 'backup' | 'export' | 'import'; file: string }
  | { do: 'user'; operation: Operation; name: string }

/** The arguments are wrong; `message` is a sentence that says how. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const

/** @throws UsageError for anything that it does not know */
export function wishOf(args: readonly string[]): Wish {
  const { values, positionals } = parsed(args)
  if (values.help) return { do: 'help' }
  if (values.version) return { do: 'version' }
  const [command = 'start', ...operands] = positionals
  switch (command) {
    case 'start':
    case 'check':
      if (operands.length > 0) throw new UsageError(`usher ${command} takes no arguments.`)
      return { do: command }
    case 'backup':
    case 'export':
    case 'import':
      return { do: command, file: only(operands, `usher ${command} takes one FILE.`) }
    case 'user':
      return userWish(operands)
    default:
      throw new UsageError(`There is no command "${command}".`)
  }
}

/** The sentences repeat no operand: a password may stand there by mistake. */
function userWish([operation, ...operands]: readonly string[]): Wish {
  const known = OPERATIONS.find((each) => each === operation)
  if (known === undefined) throw new UsageError(`usher user takes ${OPERATIONS.join(', ')}.`)
  const sentence = `usher user ${known} takes one NAME, and a password from standard input alone.`
  return { do: 'user', operation: known, name: only(operands, sentence) }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    const [sentence] = (error as Error).message.split('. ')
    throw new UsageError(`${sentence}.`)
  }
}

function only(operands: readonly string[], sentence: string): string {
  const [operand, ...more] = operands
  if (operand === undefined || operand === '' || more.length > 0) throw new UsageError(sentence)
  return operand
}
