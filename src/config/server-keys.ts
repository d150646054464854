// How server keys are written: `name:key` or `name(scope+scope):key` (S53). No sentence repeats
// what was written, since a key may stand where a name should.
import { type Static, Type } from 'typebox'
import { SCOPES, type Scope } from '../protocol/scope.ts'
import { type Form, partsOf } from './setting-types.ts'

/** A key has visible characters only, and no comma, which separates keys. */
const Input = Type.Object(
  {
    name: Type.String({ pattern: '^[\\w-]{1,64}$' }),
    key: Type.String({ pattern: '^[!-+\\--~]{24,}$' }),
    scopes: Type.Optional(Type.Unsafe<readonly Scope[]>(Type.Array(Type.String()))),
  },
  { additionalProperties: false },
)
type Input = Static<typeof Input>

export const SERVER_KEYS = {
  schema: Type.Array(Input),
  advice:
    'write a list of names and keys: names of letters, digits, _ and -, keys of 24 or more ' +
    'characters without spaces and commas, scopes in brackets behind the name',
  parse: (written: string) => partsOf(written).map(entryOf),
  shown: (keys: Input[]) =>
    keys.map(({ name, scopes }) => (scopes ? `${name}(${scopes.join('+')})` : name)).join(', '),
  wrong(keys: Input[]): string | null {
    if (hasTwins(keys.map(({ name }) => name))) return 'two keys have one name: give each its own'
    if (hasTwins(keys.map(({ key }) => key))) return 'two names have one key: give each its own'
    const found = keys.findIndex(({ scopes }) => scopes !== undefined && !areScopes(scopes))
    return found < 0
      ? null
      : `the scopes of entry ${found + 1} must be some of ${SCOPES.join(', ')}`
  },
} satisfies Form

function entryOf(written: string): Record<string, unknown> {
  const colon = written.indexOf(':')
  const [head, key] = [written.slice(0, Math.max(0, colon)), written.slice(colon + 1)]
  const scoped = /^([^()]*)\(([^()]*)\)$/.exec(head)
  if (scoped === null) return { name: head, key }
  const [, name, scopes = ''] = scoped
  return { name, scopes: scopes === '' ? [] : scopes.split('+'), key }
}

/** An empty list would be a key that may do nothing, which is sooner a mistake than a wish. */
function areScopes(scopes: readonly string[]): boolean {
  return scopes.length > 0 && scopes.every((scope) => (SCOPES as readonly string[]).includes(scope))
}

function hasTwins(texts: readonly string[]): boolean {
  return new Set(texts).size < texts.length
}
