// Reads a password: from a terminal without echo, twice; else the first line of standard input. It
// is never an argument, since every user of a machine sees the arguments of all processes.
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import type { ReadStream } from 'node:tty'
import { CommandFailed } from './failure.ts'

export interface Terminal {
  input: NodeJS.ReadableStream & Partial<Pick<ReadStream, 'isTTY'>>
  /** Where the prompt goes. */
  prompt(text: string): void
}

/** @throws CommandFailed where there is none, or where the second one differs */
export async function readPassword({ input, prompt }: Terminal): Promise<string> {
  const isTerminal = input.isTTY === true
  const output = new Writable({ write: (_chunk, _encoding, done) => done() })
  // Without a history: the arrow up at the second question would bring the first password back.
  const reading = createInterface({ input, output, terminal: isTerminal, historySize: 0 })
  reading.once('SIGINT', () => reading.close())
  const lines = reading[Symbol.asyncIterator]()
  const ask = async (text: string): Promise<string> => {
    if (isTerminal) prompt(text)
    const { done, value } = await lines.next()
    if (isTerminal) prompt('\n')
    if (done !== true) return value
    throw new CommandFailed('There is no password: nothing was changed.')
  }
  try {
    const password = await ask('Password: ')
    if (!isTerminal || (await ask('Once more: ')) === password) return password
    throw new CommandFailed('The two passwords differ: nothing was changed.')
  } finally {
    reading.close()
  }
}
