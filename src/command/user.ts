// usher user add|password|ban|unban NAME: through the server that has the data folder, or else by
// opening the store; on Redis as one more node, which the others hear.
import { lookAtEnvironment } from '../config/environment.ts'
import type { EngineSettings } from '../engine/engine.ts'
import { factsOf, openEngine } from '../engine/open-engine.ts'
import { Accounts } from '../identity/accounts.ts'
import {
  needsPassword,
  type Operation,
  Operator,
  type OperatorRequest,
  operatorRequest,
} from '../identity/operator.ts'
import { RevokeAccess } from '../identity/revoke-access.ts'
import { Sessions } from '../identity/sessions.ts'
import { systemRandom } from '../time/random.ts'
import { systemClock } from '../time/system-clock.ts'
import { askServer } from './ask-server.ts'
import { CommandFailed } from './failure.ts'
import { refuseForeign } from './foreign-folder.ts'
import { readPassword, type Terminal } from './password-prompt.ts'

/** Returns a sentence about what was done. @throws CommandFailed, EngineRefused or a Refusal */
export async function changeUser(
  operation: Operation,
  name: string,
  terminal: Terminal,
): Promise<string> {
  const { engine } = lookAtEnvironment().config
  if (engine.kind === 'memory') {
    throw new CommandFailed('A store in memory has no users: name a folder in USHER_DATA.')
  }
  const password = needsPassword(operation) ? await readPassword(terminal) : undefined
  const request = operatorRequest({ operation, name, password })
  if (engine.kind === 'redis') return await changeStore(engine, request)
  const answer = await askServer(engine.folder, request, systemClock)
  if (answer === null) return await changeStore({ ...engine, lockWaitMs: 0 }, request)
  if ('error' in answer) throw new CommandFailed(answer.error)
  return answer.said
}

type InFolder = Extract<EngineSettings, { folder: string }>

/** Where no server runs. */
async function changeStore(settings: EngineSettings, request: OperatorRequest): Promise<string> {
  if (settings.kind === 'sqlite') {
    refuseForeign(settings.folder)
    refuseMissing(settings)
  }
  const [clock, random] = [systemClock, systemRandom]
  const engine = await openEngine(settings, clock)
  try {
    const { accounts: store, attempts, shares } = engine
    const revokeAccess = new RevokeAccess(engine, clock)
    const sessions = new Sessions({ store: engine.sessions, clock, random })
    const parts = { store, attempts, shares, sessions, revokeAccess, clock, random }
    const { said } = await new Operator(new Accounts(parts), revokeAccess).run(request)
    return said
  } finally {
    await engine.close()
  }
}

/** A new store is sooner a slip in USHER_DATA. */
function refuseMissing(settings: InFolder): void {
  const { folder } = settings
  if (factsOf(settings) !== null) return
  throw new CommandFailed(
    `There is no store in ${folder}: name the data folder in USHER_DATA, or start Usher once.`,
  )
}
