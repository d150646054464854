// A process that redacts messages, deletes rooms and accounts, logs out and bans:
// node end-much.ts <folder>
// It opens the store twice. The file `acks` of the folder gets a line for each acknowledged ending:
// what was done, and to which message, room, session or user.
import { openSync, writeSync } from 'node:fs'
import { openEngine } from '../../../../src/engine/open-engine.ts'
import { NO_HOLDER } from '../../../../src/engine/shares.ts'
import { systemClock } from '../../../../src/time/system-clock.ts'
import { account, draft, session } from '../../../contract/support/samples.ts'

const ROUNDS = 8
const AT_ONCE = 4

const [folder = ''] = process.argv.slice(2)
const acks = openSync(`${folder}/acks`, 'a')
const ack = (line: string) => writeSync(acks, `${line}\n`)
const options = { retention: { messages: 1_000, ageMs: null }, key: null, holder: NO_HOLDER }

for (const life of ['first', 'second']) {
  const engine = await openEngine({ kind: 'sqlite', folder, lockWaitMs: 0 }, systemClock)

  const endOne = async (name: string): Promise<void> => {
    const { position } = await engine.log.append('chat:1', draft(`secret ${name}`), options)
    await engine.log.redact('chat:1', position?.offset ?? 0)
    ack(`redacted ${position?.offset}`)
    await engine.log.append(`chat:${name}`, draft(`secret ${name}`), options)
    await engine.log.deleteRoom(`chat:${name}`)
    ack(`deleted chat:${name}`)
    const [gone, stays] = ['gone', 'stays'].map((kind) =>
      account({ user: `${kind} ${name}`, usernameKey: `${kind} ${name}` }),
    )
    if (gone === undefined || stays === undefined) throw new Error('no samples')
    for (const each of [gone, stays]) await engine.accounts.create(each)
    const web = session(stays, { id: `session ${name}`, secretHash: name })
    await engine.sessions.create(web)
    await engine.sessions.end(web.id)
    ack(`ended ${web.id}`)
    await engine.accounts.remove(gone.user, 0)
    ack(`removed ${gone.user}`)
    await engine.userStatus.ban(stays.user, 1)
    ack(`banned ${stays.user}`)
  }

  const endOn = async (line: number): Promise<void> => {
    for (let round = 0; round < ROUNDS; round += 1) await endOne(`${life} ${line} ${round}`)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, (_, line) => endOn(line)))
  await engine.close()
}
