// The rules file: JSON with rooms, limits and heartbeat. Every error names its line.
import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser'
import { type Static, Type } from 'typebox'
import Value from 'typebox/value'
import {
  DEFAULT_HEARTBEAT,
  DEFAULT_LIMITS,
  HEARTBEAT,
  type HeartbeatSettings,
  LIMITS,
  type Limits,
  type NumberSetting,
} from '../protocol/limits.ts'
import {
  DEFAULT_RULES,
  PERSONAL_HISTORY,
  PERSONAL_MATCH,
  RULE_DEFAULTS,
  type Rule,
} from '../room/rule.ts'
import { idleIn, oddHeartbeat, oddPatterns } from './odd-rules.ts'
import { ADDRESSES, adviceFor } from './setting-types.ts'

const strict = { additionalProperties: false } as const
const WhoList = Type.Array(Type.Enum(['user', 'ticket', 'server', 'anyone']), { uniqueItems: true })

const History = Type.Object(
  {
    messages: Type.Integer({ minimum: 1, maximum: 10_000_000 }),
    age: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,5}[smhd]$' })),
  },
  strict,
)

const Presence = Type.Unsafe<boolean | 'counts' | 'members'>({
  enum: [false, true, 'counts', 'members'],
})

const RULE = {
  match: Type.String({ minLength: 1, maxLength: 128, pattern: '^[A-Za-z0-9:._~@*-]+$' }),
  join: Type.Optional(WhoList),
  publish: Type.Optional(WhoList),
  echo: Type.Optional(Type.Boolean()),
  history: Type.Optional(Type.Union([Type.Literal(false), History])),
  payload: Type.Optional(Type.Enum(['any', 'json'])),
  /** `true` is `members`. */
  presence: Type.Optional(Presence),
  receipts: Type.Optional(Type.Enum(['off', 'counts', 'members'])),
}
const RuleInput = Type.Object(RULE, strict)
type RuleInput = Static<typeof RuleInput>

function numbersOf(table: Readonly<Record<string, NumberSetting>>) {
  const entries = Object.entries(table).map(([name, { max, needed }]) => {
    const count = Type.Integer({ minimum: 1, ...(max && { maximum: max }) })
    return [name, Type.Optional(needed ? count : Type.Union([count, Type.Null()]))] as const
  })
  return Object.fromEntries(entries)
}

const Rules = Type.Array(RuleInput, {
  minItems: 1,
  maxItems: 1_000,
})

const EXEMPT = { exemptAddresses: Type.Optional(ADDRESSES.schema) }

const FileInput = Type.Object(
  {
    rooms: Type.Optional(Rules),
    limits: Type.Optional(Type.Object({ ...numbersOf(LIMITS), ...EXEMPT }, strict)),
    heartbeat: Type.Optional(Type.Object(numbersOf(HEARTBEAT), strict)),
  },
  strict,
)

/** What an operator may write in the file, or an application may pass as options. */
export interface RulesInput {
  rooms?: RuleInput[]
  limits?: Partial<Limits> & { exemptAddresses?: readonly string[] }
  heartbeat?: Partial<HeartbeatSettings>
}

/** The rules and limits of the file, with every default filled in. */
export interface RulesFile {
  readonly rules: readonly Rule[]
  readonly limits: Limits
  /** Addresses for which no limit per address holds. */
  readonly exemptAddresses: readonly string[]
  readonly heartbeat: HeartbeatSettings
  /** Sentences about entries that have no effect. */
  readonly warnings: readonly string[]
}

/** Names the place of a path of keys, at the beginning of a sentence. */
type Place = (path: readonly string[]) => string

/**
 * Reads the text of a rules file, with or without a byte order mark. Returns sentences when it is
 * wrong, each naming its line.
 */
export function parseRulesFile(written: string, name: string): RulesFile | string[] {
  const text = written.replace(/^\uFEFF/, '')
  const errors: ParseError[] = []
  const tree = parseTree(text, errors, { disallowComments: true, allowEmptyContent: false })
  const [broken] = errors
  if (broken || !tree) {
    const what = broken ? printParseErrorCode(broken.error) : 'it is empty'
    return [`${name}, line ${lineOf(text, broken?.offset ?? 0)}: this is not JSON (${what}).`]
  }
  const twice = secondOfName(tree)
  if (twice !== null) {
    const line = lineOf(text, twice.offset)
    return [`${name}, line ${line}: ${twice.value} stands there twice: remove one of them.`]
  }
  return rulesOf(JSON.parse(text), (path) => {
    const line = lineOf(text, nodeAt(tree, path)?.offset ?? 0)
    return `${name}, line ${line}: ${path.join('.') || 'the file'}`
  })
}

/** A key whose object has that name before it already: JSON would take the last of them. */
function secondOfName({ type, children = [] }: Node): Node | null {
  const names = type === 'object' ? children.flatMap(({ children: [key] = [] }) => key ?? []) : []
  const isSecond = ({ value }: Node, index: number) =>
    names.findIndex((other) => other.value === value) < index
  const inner = () => children.map(secondOfName).find((found) => found !== null)
  return names.find(isSecond) ?? inner() ?? null
}

/** Reads rules that come as an object: sentences name the key instead of a line. */
export function parseRules(value: unknown): RulesFile | string[] {
  return rulesOf(value, (path) => path.join('.') || 'options')
}

function rulesOf(value: unknown, place: Place): RulesFile | string[] {
  const wrongs = wrongsOf(value, place)
  if (wrongs.length > 0) return wrongs
  const input = value as RulesInput
  const advice = adviceFor(ADDRESSES, input.limits?.exemptAddresses ?? [])
  if (advice !== null) return [`${place(['limits', 'exemptAddresses'])}: ${advice}.`]
  return fillIn(input, place)
}

function wrongsOf(value: unknown, place: Place): string[] {
  const errors = Value.Errors(FileInput, value).filter((e) => e.keyword !== 'additionalProperties')
  const paths = errors.map((error) => error.instancePath)
  return errors
    .filter(({ instancePath }, index) => paths.indexOf(instancePath) === index)
    .filter(({ instancePath }) => !paths.some((path) => path.startsWith(`${instancePath}/`)))
    .map((error) => `${place(error.instancePath.split('/').slice(1))} ${sentenceFor(error)}`)
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

function fillIn({ rooms, limits = {}, heartbeat }: RulesInput, place: Place): RulesFile {
  const { exemptAddresses = [], ...numbers } = limits
  const beats = { ...DEFAULT_HEARTBEAT, ...heartbeat }
  return {
    rules: rooms?.map(ruleOf) ?? DEFAULT_RULES,
    limits: { ...DEFAULT_LIMITS, ...numbers },
    exemptAddresses,
    heartbeat: beats,
    warnings: [
      ...(rooms ?? []).flatMap((rule, index) =>
        idleIn(rule).map(({ name, why }) => {
          const where = place(['rooms', String(index), name])
          return `${where} has no effect: ${why}`
        }),
      ),
      ...oddPatterns((rooms ?? []).map(({ match }) => match)).map(
        ({ index, what }) => `${place(['rooms', String(index), 'match'])} ${what}`,
      ),
      ...(heartbeat ? oddHeartbeat(beats).map((what) => `${place(['heartbeat'])} ${what}`) : []),
    ],
  }
}

function ruleOf(input: RuleInput): Rule {
  const { history: asked, presence: told = false, receipts = 'off', ...rest } = input
  const presence = told === true ? 'members' : told
  const history = keptBy(rest.match, asked)
  // Where nothing is kept there are no offsets to get to.
  return { ...RULE_DEFAULTS, ...rest, presence, history, receipts: history ? receipts : 'off' }
}

/** A rule for personal rooms that says nothing of history leaves them what they have. */
function keptBy(match: string, history: RuleInput['history']): Retention | null {
  if (history) return retentionOf(history)
  return history === undefined && match === PERSONAL_MATCH ? PERSONAL_HISTORY : null
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
