// The rules file: what it may contain, and that every error names its line.
import { join } from 'node:path'
import { test } from 'tap'
import { loadConfig } from '../../src/config/environment.ts'
import { ConfigError } from '../../src/config/mistakes.ts'
import { parseRules, parseRulesFile, type RulesFile } from '../../src/config/rules-file.ts'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts'
import { DEFAULT_RULES, PERSONAL_HISTORY, RULE_DEFAULTS } from '../../src/room/rule.ts'

const EXAMPLE = `{ "rooms": [
  { "match": "chat:*",  "history": { "messages": 10000, "age": "30d" }, "presence": true,
    "receipts": "members" },
  { "match": "live:*",  "history": false, "echo": false },
  { "match": "*",       "history": { "messages": 1000, "age": "1d" }, "presence": true } ] }`

test('without a file the rules of the example hold', async (t) => {
  t.match(parseRulesFile(EXAMPLE, 'f'), { rules: DEFAULT_RULES })
  t.match(parseRulesFile('{}', 'f'), { rules: DEFAULT_RULES, limits: DEFAULT_LIMITS })
})

test('a limit that is named differs, the others stay; null means none', async (t) => {
  const text = '{"limits": {"messageBytes": 1024, "connections": null}}'
  t.same((parseRulesFile(text, 'f') as { limits: object }).limits, {
    ...DEFAULT_LIMITS,
    messageBytes: 1_024,
    connections: null,
  })
})

/** The wrong text, its line, and a word that the error must contain. */
const WRONG: [text: string, line: number, word: RegExp][] = [
  ['', 1, /not JSON/],
  ['{\n  "rooms": [\n}', 3, /not JSON/],
  ['{ // a comment\n}', 1, /not JSON/],
  ['{}\n{}', 2, /not JSON/],
  ['[]', 1, /the file/],
  ['{\n  "romos": []\n}', 2, /romos is not a setting/],
  ['{\n  "rooms": []\n}', 2, /rooms/],
  ['{\n  "rooms": [\n    { "match": "a" },\n    { "join": [] }\n  ]\n}', 4, /rooms\.1/],
  ['{\n  "rooms": [\n    {\n      "match": "a b"\n    }\n  ]\n}', 4, /match/],
  ['{\n  "rooms": [{ "match": "a",\n "join": ["everyone"] }]\n}', 3, /user, ticket, server/],
  ['{\n  "rooms": [{ "match": "a",\n "history": true }]\n}', 3, /history/],
  ['{\n  "rooms": [{ "match": "a", "history": {\n "messages": 0 } }]\n}', 3, /messages/],
  ['{\n  "rooms": [{ "match": "a", "history": { "messages": 1,\n "age": "1w" } }]\n}', 3, /30d/],
  ['{\n  "rooms": [{ "match": "a",\n "presence": "all" }]\n}', 3, /false, true, counts, members/],
  ['{\n  "limits": {\n    "messageBytes": null\n  }\n}', 3, /messageBytes/],
  ['{\n  "limits": {\n    "connections": "many"\n  }\n}', 3, /connections/],
  ['{\n  "limits": {\n    "connections": 1.5\n  }\n}', 3, /connections/],
  ['{\n  "heartbeat": {\n    "pingSeconds": 0\n  }\n}', 3, /pingSeconds/],
  ['{\n  "limits": {},\n  "rooms": [],\n  "limits": {}\n}', 4, /limits stands there twice/],
  ['{\n  "rooms": [{ "match": "a",\n "match": "b" }]\n}', 3, /match stands there twice/],
  ['{\n  "limits": {\n    "__proto__": 1\n  }\n}', 3, /__proto__/],
]

for (const [text, line, word] of WRONG) {
  test(`line ${line} is named in ${JSON.stringify(text).replaceAll('\\n', ' ')}`, async (t) => {
    const [sentence, ...others] = parseRulesFile(text, 'usher.config.json') as string[]
    t.match(sentence, new RegExp(`^usher.config.json, line ${line}: `))
    t.match(sentence, word)
    t.same(others, [])
  })
}

test('several errors are reported at once, each with its line', async (t) => {
  const text = '{\n  "limits": { "outboxBytes": 0 },\n  "heartbeat": { "pongSeconds": -1 }\n}'
  const told = parseRulesFile(text, 'f') as string[]
  t.same(told.map((sentence) => /line \d/.exec(sentence)?.[0]).sort(), ['line 2', 'line 3'])
})

test('a setting without effect is warned of by its line, and the rest holds', async (t) => {
  const text =
    '{"rooms": [{"match": "a",\n"presence": true,\n"receipts": "members"}],\n' +
    '"limits": {"connections": 7}}'
  const { rules, limits, warnings } = parseRulesFile(text, 'f') as RulesFile
  const why = 'has no effect: a room without history has no offsets. Give it some.'
  t.same(warnings, [`f, line 3: rooms.0.receipts ${why}`])
  t.same(rules, [{ ...RULE_DEFAULTS, match: 'a', presence: 'members' }])
  t.same(limits, { ...DEFAULT_LIMITS, connections: 7 })
  t.match(parseRules({ rooms: [{ match: 'a', receipts: 'counts' }] }), {
    warnings: [`rooms.0.receipts ${why}`],
  })
})

test('receipts are off, or tell how many got how far, or who', async (t) => {
  const receipts = (more: object) => {
    const room = { match: 'a', history: { messages: 1 }, ...more }
    const rules = parseRules({ rooms: [room] }) as RulesFile
    t.same(rules.warnings, [])
    return rules.rules[0]?.receipts
  }
  t.equal(receipts({}), 'off')
  for (const mode of ['off', 'counts', 'members']) t.equal(receipts({ receipts: mode }), mode)
  t.match(parseRules({ limits: { receiptParticipants: 7 } }), {
    limits: { receiptParticipants: 7 },
  })
})

test('presence is off, or tells how many are there, or who; true is who', async (t) => {
  const presence = (json: string) => {
    const { rules, warnings } = parseRulesFile(
      `{"rooms": [{"match": "a"${json}}]}`,
      'f',
    ) as RulesFile
    t.same(warnings, [])
    return rules[0]?.presence
  }
  t.equal(presence(''), false)
  t.equal(presence(', "presence": false'), false)
  t.equal(presence(', "presence": true'), 'members')
  t.equal(presence(', "presence": "members"'), 'members')
  t.equal(presence(', "presence": "counts"'), 'counts')
})

/** Patterns, and what is said about the last of them: nothing where it is as it should be. */
const PATTERNS: [patterns: string[], told: RegExp | null][] = [
  [['chat:*', 'live:*', '*'], null],
  [['a', 'chat:*:b', '*:b', '*.*'], null],
  [['chat:*', 'ch*t:*'], /match has a \* inside a word: it fits any characters there, also none/],
  [
    ['*', 'chat:*'],
    /match has no effect: "\*" before it takes all its rooms\. Move it up, or remove/,
  ],
  [['chat:*', 'b', 'chat:a:*'], /"chat:\*" before it takes/],
  [['a*', 'a'], /"a\*" before it takes/],
  [['a.*.z', 'a.b*.z'], /"a\.\*\.z" before it takes/],
  [['a', 'a'], /"a" before it takes/],
  [['*', 'user:*'], null],
  [['user:*', 'user:*'], /match has no effect: "user:\*" before it takes all its rooms/],
  [['user:u_*'], /match has no effect: of personal rooms only "user:\*" says what they keep/],
]

test('a rule for personal rooms says what they keep, and nothing else', async (t) => {
  const text = '{"rooms": [{"match": "user:*",\n"join": ["anyone"],\n"history": false}]}'
  const { rules, warnings } = parseRulesFile(text, 'f') as RulesFile
  t.same(warnings, [
    'f, line 2: rooms.0.join has no effect: "user:*" says only what personal rooms keep.',
  ])
  t.equal(rules[0]?.history, null)
  const silent = parseRulesFile('{"rooms": [{"match": "user:*"}]}', 'f') as RulesFile
  t.same(silent.rules[0]?.history, PERSONAL_HISTORY)
})

test('a pattern that is sooner a slip than a wish is warned of by its line', async (t) => {
  for (const [patterns, told] of PATTERNS) {
    const rooms = patterns.map((match) => `{"match": "${match}"}`)
    const { rules, warnings } = parseRulesFile(
      `{"rooms": [${rooms.join(',\n')}]}`,
      'f',
    ) as RulesFile
    const last = patterns.length
    t.equal(rules.length, last, 'it holds all the same')
    t.equal(warnings.length, told === null ? 0 : 1, patterns.join())
    t.match(warnings.join(), told ?? /^$/)
    if (told) t.ok(warnings[0]?.startsWith(`f, line ${last}: rooms.${last - 1}.match has `))
  }
})

test('a pong that may take longer than the next ping is warned of', async (t) => {
  const warningsOf = (text: string) => (parseRulesFile(text, 'f') as RulesFile).warnings
  const told = warningsOf('{"limits": {},\n"heartbeat": {"pingSeconds": 5}}')
  t.match(told, [
    /^f, line 2: heartbeat lets pongSeconds be longer than pingSeconds: .+ up to 15 s/,
  ])
  t.same(warningsOf('{"heartbeat": {"pingSeconds": 5, "pongSeconds": 5}}'), [])
})

test('a byte order mark, as some editors write it, is no error', async (t) => {
  const { limits } = parseRulesFile('\uFEFF{"limits": {"connections": 7}}', 'f') as RulesFile
  t.equal(limits.connections, 7)
})

test('options that come as an object are checked alike, and the key is named', async (t) => {
  t.match(parseRules({ limits: { messageBytes: 0 } }), [/^limits\.messageBytes /])
  t.match(parseRules({ rooms: [{ match: 'a', colour: 1 }] }), [/^rooms\.0\.colour /])
})

test('the file that USHER_CONFIG names is read, and its errors stop the boot', async (t) => {
  const good = '{"limits": {"connections": 7}}'
  const folder = t.testdir({ 'good.json': good, 'bad.json': '{\n"x": 1\n}' })
  const load = (name: string) =>
    loadConfig({ USHER_DATA: ':memory:', USHER_CONFIG: join(folder, name) })
  t.equal(load('good.json').limits.connections, 7)
  t.throws(() => load('bad.json'), ConfigError)
  t.throws(() => load('bad.json'), /bad\.json, line 2: x is not a setting/)
})
