// Taking a message back while its room is deleted: what may be taken back is that very message.
import t from 'tap'
import type { MessageLog } from '../../src/engine/message-log.ts'
import { NO_HOLDER } from '../../src/engine/shares.ts'
import { ANONYMOUS } from '../../src/protocol/identity.ts'
import { redact } from '../../src/room/redact.ts'
import { draft } from '../contract/support/samples.ts'
import { openToys } from '../engine/toy-engine.ts'
import { pageQuery } from '../support/page-query.ts'

const KEPT = { messages: 100, ageMs: null }
const OPTIONS = { retention: KEPT, key: null, holder: NO_HOLDER }
const ANN = { ...ANONYMOUS, proof: 'token', user: 'u_ann' } as const

t.test(
  '[C216] a message at the offset of one that went with its room is not taken back',
  async (t) => {
    const [{ log }] = await openToys(t)
    const say = (text: string, user: string) =>
      log.append('chat:1', { ...draft(text), user }, OPTIONS)
    await say('hers', ANN.user)
    const meanwhile: MessageLog = {
      ...log,
      async read(room, query) {
        const page = await log.read(room, query)
        await log.deleteRoom(room)
        await say('his', 'u_bob')
        return page
      },
    }
    const target = { room: 'chat:1', offset: 1, retention: KEPT, holder: NO_HOLDER }
    const error = await redact(meanwhile, { ...target, identity: ANN }).catch((error) => error)
    t.match(error, { reply: { status: 404 } })
    const { messages } = await log.read('chat:1', pageQuery({ retention: KEPT }))
    t.same(
      messages.map(({ payload }) => String(payload)),
      ['his'],
    )
  },
)
