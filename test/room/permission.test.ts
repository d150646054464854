// Who decides over a room, the rules or the application, and what counts as a yes.
import { test } from 'tap'
import { ANONYMOUS, type Identity } from '../../src/protocol/identity.ts'
import { DEFAULT_SCOPES } from '../../src/protocol/scope.ts'
import { permitsBy } from '../../src/room/permission.ts'
import { type Authorize, RULE_DEFAULTS } from '../../src/room/rule.ts'
import { userOf } from '../support/test-rooms.ts'

const RULE = { ...RULE_DEFAULTS, match: '*' }
const SERVER: Identity = { ...ANONYMOUS, proof: 'key', server: 'backend', scopes: DEFAULT_SCOPES }

function asked(authorize: Authorize | undefined, identity: Identity, room = 'chat:a') {
  return permitsBy(authorize)(RULE, identity, 'publish', room)
}

test('without an application the rule decides, at once', async (t) => {
  t.equal(asked(undefined, userOf('ann')), true)
  t.equal(asked(undefined, ANONYMOUS), false)
})

test('an application decides instead of the rule, at once if it answers at once', async (t) => {
  const [yes, no] = [() => true, () => false]
  t.equal(asked(yes, ANONYMOUS), true)
  t.equal(asked(no, userOf('ann')), false)
  t.equal(await asked(async () => true, ANONYMOUS), true)
  t.equal(await asked(async () => false, userOf('ann')), false)
})

test('only true is a yes, and anything with a then is waited for', async (t) => {
  const thenable = (answer: unknown) =>
    Object.fromEntries([['then', (tell: (answer: unknown) => void) => tell(answer)]])
  for (const answer of [1, 'yes', {}, [], null, undefined, thenable(false), thenable(1)]) {
    t.equal(await asked(() => answer as unknown as boolean, userOf('ann')), false)
  }
  t.equal(await asked(() => thenable(true) as unknown as Promise<boolean>, ANONYMOUS), true)
})

test('a personal room is its owner’s, whatever the application says', async (t) => {
  for (const authorize of [() => true, () => false, undefined]) {
    t.equal(asked(authorize, userOf('ann'), 'user:ann'), true)
    t.equal(asked(authorize, SERVER, 'user:ann'), true)
    t.equal(asked(authorize, userOf('bob'), 'user:ann'), false)
    t.equal(asked(authorize, userOf('ann', { rooms: ['chat:a'] }), 'user:ann'), false)
    t.equal(asked(authorize, userOf('ann', { rooms: ['user:ann'] }), 'user:ann'), true)
  }
})
