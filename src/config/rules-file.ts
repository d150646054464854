// The rules file: JSON with rooms, limits and heartbeat. Every error names its line.
import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser'
import { type Static, Type } from 'typebox'
import Value from 'typebox/value'
import {
  DEFAULT_HEARTBEAT,
  DEFAULT_LIMITS,
  type HeartbeatSettings,
  type Limits,
} from '../protocol/limits.ts'
import { DEFAULT_RULES, RULE_DEFAULTS, type Rule } from '../room/rule.ts'

const strict = { additionalProperties: false } as const
const Count = Type.Integer({ minimum: 1 })
const CountOrNone = Type.Union([Count, Type.Null()])
const WhoList = Type.Array(Type.Enum(['user', 'ticket', 'server', 'anyone']), { uniqueItems: true })

const History = Type.Object(
  {
    messages: Type.Integer({ minimum: 1, maximum: 10_000_000 }),
    age: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,5}[smhd]$' })),
  },
  strict,
)

const RuleInput = Type.Object(
  {
    match: Type.String({ minLength: 1, maxLength: 128, pattern: '^[A-Za-z0-9:._~@*-]+$' }),
    join: Type.Optional(WhoList),
    publish: Type.Optional(WhoList),
    echo: Type.Optional(Type.Boolean()),
    history: Type.Optional(Type.Union([Type.Literal(false), History])),
    presence: Type.Optional(Type.Boolean()),
    receipts: Type.Optional(Type.Enum(['off', 'counts', 'members'])),
    payload: Type.Optional(Type.Enum(['any', 'json'])),
  },
  strict,
)

/** What a limit may be: a count, or `null` for none where the limit allows that. */
const LimitsInput = Type.Partial(
  Type.Object({
    connections: CountOrNone,
    connectionsPerUser: CountOrNone,
    connectionsPerAddress: CountOrNone,
    roomsPerConnection: CountOrNone,
    messagesPerSecond: CountOrNone,
    bytesPerSecond: CountOrNone,
    messageBytes: Type.Integer({ minimum: 1, maximum: 16_777_216 }),
    outboxBytes: Count,
    outboxSeconds: Count,
    outboxTotalBytes: CountOrNone,
    handshakesPerSecond: CountOrNone,
    pendingConnections: CountOrNone,
    pendingPerAddress: CountOrNone,
    ticketsPerMinute: CountOrNone,
  }),
  strict,
)

const HeartbeatInput = Type.Partial(
  Type.Object({
    pingSeconds: Type.Integer({ minimum: 1, maximum: 3_600 }),
    pongSeconds: Type.Integer({ minimum: 1, maximum: 3_600 }),
  }),
  strict,
)

const FileInput = Type.Object(
  {
    rooms: Type.Optional(Type.Array(RuleInput, { minItems: 1, maxItems: 1_000 })),
    limits: Type.Optional(LimitsInput),
    heartbeat: Type.Optional(HeartbeatInput),
  },
  strict,
)

/** What an operator may write in the file, or an embedder may pass as options. */
export type RulesInput = Static<typeof FileInput>

/** What the file says, with every default filled in. */
export interface RulesFile {
  rules: readonly Rule[]
  limits: Limits
  heartbeat: HeartbeatSettings
}

/** Reads the text of a rules file. Returns sentences when it is wrong, each naming its line. */
export function parseRulesFile(text: string, name: string): RulesFile | string[] {
  const errors: ParseError[] = []
  const tree = parseTree(text, errors, { disallowComments: true, allowEmptyContent: false })
  const [broken] = errors
  if (broken || !tree) {
    const what = broken ? printParseErrorCode(broken.error) : 'it is empty'
    return [`${name}, line ${lineOf(text, broken?.offset ?? 0)}: this is not JSON (${what}).`]
  }
  const value: unknown = JSON.parse(text)
  const wrongs = wrongsOf(value)
  if (wrongs.length > 0) {
    return wrongs.map(({ path, sentence }) => {
      const line = lineOf(text, nodeAt(tree, path)?.offset ?? 0)
      return `${name}, line ${line}: ${path.join('.') || 'the file'} ${sentence}`
    })
  }
  return fillIn(value as RulesInput)
}

/** The same for options that come as an object: sentences name the key instead of a line. */
export function parseRules(value: unknown): RulesFile | string[] {
  const wrongs = wrongsOf(value)
  if (wrongs.length === 0) return fillIn(value as RulesInput)
  return wrongs.map(({ path, sentence }) => `${path.join('.') || 'options'} ${sentence}`)
}

interface Wrong {
  path: string[]
  sentence: string
}

function wrongsOf(value: unknown): Wrong[] {
  const errors = Value.Errors(FileInput, value).filter((e) => e.keyword !== 'additionalProperties')
  const paths = errors.map((error) => error.instancePath)
  const seen = new Set<string>()
  const wrongs: Wrong[] = []
  for (const error of errors) {
    const { instancePath } = error
    const shadowed = paths.some((path) => path.startsWith(`${instancePath}/`))
    if (shadowed || seen.has(instancePath)) continue
    seen.add(instancePath)
    wrongs.push({ path: instancePath.split('/').slice(1), sentence: sentenceFor(error) })
  }
  return wrongs
}

function sentenceFor({ keyword, message, params }: ReturnType<typeof Value.Errors>[number]) {
  if (keyword === 'boolean') return 'is not a setting: remove it, or check its spelling.'
  if (keyword === 'const') return 'must be false, or an object with "messages" and "age".'
  if (keyword === 'pattern') return `is not written as expected: ${EXAMPLES}.`
  if (keyword === 'enum' && 'allowedValues' in params) {
    return `must be one of ${(params.allowedValues as unknown[]).join(', ')}.`
  }
  return `${message}.`
}

const EXAMPLES = 'a pattern looks like "chat:*", an age like "30d", "12h", "15m" or "60s"'

function fillIn(input: RulesInput): RulesFile {
  return {
    rules: input.rooms?.map(ruleOf) ?? DEFAULT_RULES,
    limits: { ...DEFAULT_LIMITS, ...input.limits },
    heartbeat: { ...DEFAULT_HEARTBEAT, ...input.heartbeat },
  }
}

function ruleOf({ history, ...rest }: Static<typeof RuleInput>): Rule {
  return { ...RULE_DEFAULTS, ...rest, history: history ? retentionOf(history) : null }
}

type Retention = NonNullable<Rule['history']>

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

function retentionOf({ messages, age }: Static<typeof History>): Retention {
  if (age === undefined) return { messages, ageMs: null }
  const unit = age.at(-1) as keyof typeof UNIT_MS
  return { messages, ageMs: Number(age.slice(0, -1)) * UNIT_MS[unit] }
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

/** The node at this path, or the nearest one above it. */
function nodeAt(tree: Node, path: readonly string[]): Node | undefined {
  let node: Node | undefined = tree
  for (const key of path) {
    const inner: Node | undefined =
      node?.type === 'array'
        ? node.children?.[Number(key)]
        : node?.children?.find((property) => property.children?.[0]?.value === key)?.children?.[1]
    if (!inner) return node
    node = inner
  }
  return node
}
