// Which rule holds in a room, and which identities it lets do what.
import fc from 'fast-check'
import { test } from 'tap'
import { ANONYMOUS, type Identity } from '../../src/protocol/identity.ts'
import {
  allows,
  DEFAULT_RULES,
  matches,
  RULE_DEFAULTS,
  type Rule,
  roomRules,
  ruleFor,
  type Who,
} from '../../src/room/rule.ts'

const MATCHES: [pattern: string, name: string, fits: boolean][] = [
  ['chat', 'chat', true],
  ['chat', 'chats', false],
  ['chat', 'Chat', false],
  ['chat', '', false],
  ['*', '', true],
  ['*', 'a:b:c', true],
  ['chat:*', 'chat:', true],
  ['chat:*', 'chat:a:b', true],
  ['chat:*', 'chat', false],
  ['chat:*', 'xchat:a', false],
  ['*:log', 'a:b:log', true],
  ['*:log', 'a:log:b', false],
  ['a*b', 'ab', true],
  ['a*b', 'axbxb', true],
  ['a*b', 'a', false],
  ['ab*ba', 'aba', false],
  ['ab*ba', 'abba', true],
  ['a*b*c', 'abc', true],
  ['a*b*c', 'acb', false],
  ['a*aa*a', 'aaa', false],
  ['a*aa*a', 'aaaa', true],
  ['**', 'anything', true],
  ['a**b', 'ab', true],
  ['a.c', 'abc', false],
  ['a.c', 'a.c', true],
]

for (const [pattern, name, fits] of MATCHES) {
  test(`the pattern ${pattern} ${fits ? 'fits' : 'does not fit'} "${name}"`, async (t) => {
    t.equal(matches(pattern, name), fits)
  })
}

/** The plain model, and slow: a star is nothing, or one character and a star. */
function naiveMatch(pattern: string, name: string): boolean {
  if (pattern === '') return name === ''
  if (pattern.startsWith('*')) {
    return naiveMatch(pattern.slice(1), name) || (name !== '' && naiveMatch(pattern, name.slice(1)))
  }
  return pattern[0] === name[0] && name !== '' && naiveMatch(pattern.slice(1), name.slice(1))
}

test('patterns agree with a plain reference on random names', async (t) => {
  const few = (characters: string, maxLength: number) =>
    fc.string({ unit: fc.constantFrom(...characters), maxLength })
  const property = fc.property(few('ab:**', 7), few('ab:', 9), (pattern, name) => {
    return matches(pattern, name) === naiveMatch(pattern, name)
  })
  t.doesNotThrow(() => fc.assert(property, { seed: 20_261_123, numRuns: 20_000 }))
})

function rule(match: string, rest: Partial<Rule> = {}): Rule {
  return { ...RULE_DEFAULTS, match, ...rest }
}

test('the first rule that matches holds', async (t) => {
  const rules = [rule('a:*'), rule('*:b'), rule('a:b')]
  t.equal(ruleFor(rules, 'a:b')?.match, 'a:*')
  t.equal(ruleFor(rules, 'c:b')?.match, '*:b')
})

test('a name that no rule matches has no rule', async (t) => {
  t.equal(ruleFor([rule('a:*')], 'b'), null)
  t.equal(ruleFor([], 'b'), null)
})

test('a personal room has its own rule, whatever the file says', async (t) => {
  const open = [rule('user:*', { join: ['anyone'], publish: ['anyone'] }), rule('*')]
  t.equal(ruleFor(open, 'user:u_1')?.match, 'user:<id>')
  t.equal(ruleFor(open, 'user:')?.match, 'user:<id>')
  t.equal(ruleFor(open, 'users')?.match, '*')
  t.equal(ruleFor([], 'user:u_1')?.match, 'user:<id>')
})

test('[C271] a personal room keeps what "user:*" says, else 100 messages', async (t) => {
  const week = { messages: 100, ageMs: 7 * 86_400_000 }
  t.same(ruleFor([], 'user:u_1')?.history, week)
  t.same(ruleFor([rule('*'), rule('user:u_1'), rule('user:**')], 'user:u_1')?.history, week)
  const history = { messages: 5, ageMs: null }
  const own = [rule('*'), rule('user:*', { history, join: ['anyone'] }), rule('user:*')]
  t.match(ruleFor(own, 'user:u_1'), { match: 'user:<id>', join: ['user', 'server'], history })
  t.equal(ruleFor([rule('user:*')], 'user:u_1')?.history, null)
  t.same(roomRules(own).retentionOf('user:u_1'), history)
  const other = [rule('*'), rule('user:*', { join: ['anyone'] })]
  t.not(roomRules(own).digest, roomRules(other).digest)
})

test('without a file, live rooms send no echo and every name has a rule', async (t) => {
  t.match(ruleFor(DEFAULT_RULES, 'chat:a'), { match: 'chat:*', echo: true })
  t.match(ruleFor(DEFAULT_RULES, 'live:a'), { match: 'live:*', echo: false })
  t.match(ruleFor(DEFAULT_RULES, 'lobby'), { match: '*', echo: true })
})

const user: Identity = { ...ANONYMOUS, proof: 'token', user: 'u_1', session: 's_1' }
const ticket: Identity = { ...user, proof: 'ticket' }
const PEOPLE = {
  nobody: ANONYMOUS,
  'a user': user,
  'a user with an open ticket': ticket,
  'a user whose ticket names the room': { ...ticket, rooms: ['other', 'room'] },
  'a user whose ticket names another room': { ...ticket, rooms: ['other'] },
  'a user whose ticket names no room': { ...ticket, rooms: [] },
  'a server key': { ...ANONYMOUS, proof: 'key', server: 'backend' },
} satisfies Record<string, Identity>

const ALLOWED: Record<Who, (keyof typeof PEOPLE)[]> = {
  anyone: [
    'nobody',
    'a user',
    'a user with an open ticket',
    'a user whose ticket names the room',
    'a server key',
  ],
  user: ['a user', 'a user with an open ticket', 'a user whose ticket names the room'],
  ticket: ['a user whose ticket names the room'],
  server: ['a server key'],
}

for (const who of Object.keys(ALLOWED) as Who[]) {
  for (const person of Object.keys(PEOPLE) as (keyof typeof PEOPLE)[]) {
    const may = ALLOWED[who].includes(person)
    test(`"${who}" ${may ? 'lets in' : 'keeps out'} ${person}`, async (t) => {
      const joins = rule('*', { join: [who], publish: [] })
      t.equal(allows(joins, PEOPLE[person], 'join', 'room'), may)
      t.equal(allows(joins, PEOPLE[person], 'publish', 'room'), false)
      const publishes = rule('*', { join: [], publish: [who] })
      t.equal(allows(publishes, PEOPLE[person], 'publish', 'room'), may)
    })
  }
}

test('any of several entries is enough, and an empty list lets no identity in', async (t) => {
  const both = rule('*', { join: ['server', 'user'] })
  t.ok(allows(both, user, 'join', 'room'))
  t.ok(allows(both, PEOPLE['a server key'], 'join', 'room'))
  t.notOk(allows(rule('*', { join: [] }), PEOPLE['a server key'], 'join', 'room'))
})

test('a personal room is for that user and for server keys alone', async (t) => {
  const personal = ruleFor([], 'user:u_1')
  if (!personal) throw new Error('no rule')
  for (const action of ['join', 'publish'] as const) {
    t.equal(allows(personal, user, action, 'user:u_1'), true)
    t.equal(allows(personal, { ...user, user: 'u_2' }, action, 'user:u_1'), false)
    t.equal(allows(personal, { ...user, user: 'u_' }, action, 'user:u_1'), false)
    t.equal(allows(personal, ANONYMOUS, action, 'user:u_1'), false)
    t.equal(allows(personal, PEOPLE['a server key'], action, 'user:u_1'), true)
    t.equal(allows(personal, { ...ticket, rooms: ['other'] }, action, 'user:u_1'), false)
  }
})

test('no rule opens a personal room to others', async (t) => {
  const open = rule('*', { join: ['anyone'], publish: ['anyone'] })
  t.equal(allows(open, ANONYMOUS, 'join', 'user:u_1'), false)
  t.equal(allows(open, { ...user, user: 'u_2' }, 'publish', 'user:u_1'), false)
  t.equal(allows(open, { ...ANONYMOUS }, 'join', 'user:'), false)
})
