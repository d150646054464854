// The client's side of the operator socket: asks the server that has the data folder, if one runs.
import { createConnection } from 'node:net'
import { join } from 'node:path'
import type { OperatorRequest } from '../identity/operator.ts'
import type { Clock } from '../time/clock.ts'
import { CommandFailed } from './failure.ts'
import { SOCKET_FILE, socketAddress } from './operator-socket.ts'

/** What a server answers: a sentence either way. */
export type OperatorAnswer = { said: string } | { error: string }

/** A little longer than a server takes at most. */
const ANSWER_MS = 35_000
const NO_ANSWER = 'The server did not answer: too many ask at once, or its log says why. Try again.'
/** What says that no server listens: no socket, or one that a killed server left. */
const NO_SERVER = new Set(['ENOENT', 'ECONNREFUSED'])

/**
 * Null where no server can be asked. @throws CommandFailed where one is there and does not answer
 */
export async function askServer(
  folder: string,
  request: OperatorRequest,
  clock: Clock,
): Promise<OperatorAnswer | null> {
  const path = join(folder, SOCKET_FILE)
  try {
    const address = socketAddress(folder)
    if (address === null) return null
    const line = `${JSON.stringify(request)}\n`
    return answerIn(await exchange(address.path, line, clock).finally(address.close))
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    if (NO_SERVER.has(code)) return null
    if (code === 'EACCES') {
      throw new CommandFailed(`${path} is not yours: run this as the user that Usher runs as.`)
    }
    throw error instanceof CommandFailed ? error : new CommandFailed(`${path}: ${message}.`)
  }
}

function exchange(path: string, line: string, clock: Clock): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path)
    let text = ''
    const late = clock.after(ANSWER_MS, () => socket.destroy())
    socket.setEncoding('utf8').on('data', (part) => {
      text += part
    })
    socket.once('connect', () => {
      // From now on only the answer counts: a server that cuts the connection gives none.
      socket.off('error', reject).on('error', () => undefined)
      socket.write(line)
    })
    socket.on('error', reject)
    socket.once('close', () => {
      late.cancel()
      resolve(text)
    })
  })
}

function answerIn(line: string): OperatorAnswer {
  if (!line.endsWith('\n')) throw new CommandFailed(NO_ANSWER)
  return JSON.parse(line)
}
