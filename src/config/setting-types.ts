// How settings are written, as the text of a variable and as the value of an option, and which
// values are refused. Advice is the end of a sentence that begins with the name of the setting.
import { isIP } from 'node:net'
import { type Static, type TSchema, Type } from 'typebox'
import Value from 'typebox/value'

export interface Form<Schema extends TSchema = TSchema> {
  /** The schema of the option. */
  readonly schema: Schema
  /** What to write instead of a value that does not fit. */
  readonly advice: string
  /** The value of the option for the text of a variable, where it is not the text itself. */
  parse?(text: string): unknown
  /** A value as an operator may see it, where that is not the value itself. */
  shown?(written: Static<Schema>): string
  /** What else is wrong with a value, or null. */
  wrong?(written: Static<Schema>): string | null
}

/** What to write instead of a value, or null when it is right. */
export function adviceFor(form: Form, written: unknown): string | null {
  return Value.Check(form.schema, written) ? (form.wrong?.(written) ?? null) : form.advice
}

const Text = Type.String({ pattern: '\\S' })

export function text(advice = 'write a text') {
  return { schema: Text, advice } satisfies Form
}

export function wholeNumber(maximum: number) {
  return {
    schema: Type.Integer({ minimum: 0, maximum }),
    advice: `write a whole number from 0 to ${maximum}`,
    parse: (written: string) => (/^\d+$/.test(written) ? Number(written) : written),
  } satisfies Form
}

export function choice<const Choice extends string>(...choices: Choice[]) {
  const schema = Type.Unsafe<Choice>(Type.Enum(choices))
  return { schema, advice: `write one of ${choices.join(', ')}` } satisfies Form
}

/** `check` returns what else is wrong with a web address, or null. */
export function webAddress(advice: string, check: (url: URL) => string | null = () => null) {
  return {
    schema: Text,
    advice,
    wrong(written: string): string | null {
      const url = URL.canParse(written) ? new URL(written) : null
      return url !== null && /^https?:$/.test(url.protocol) ? check(url) : advice
    },
  } satisfies Form
}

const REDIS_ADVICE =
  'write an address like redis://host:6379, rediss://user:password@host:6379 or ' +
  'redis+sentinel://host:26379,host:26379/name'
/** Several hosts only where Sentinels are asked, and then the name of what they watch. */
const REDIS_ADDRESS = new RegExp(
  '^(?:rediss?://(?:[^@/\\s]*@)?[^@/,?#\\s]+/?|' +
    'rediss?\\+sentinel://(?:[^@/\\s]*@)?[^@/?#\\s]+/[^/?#\\s]+)$',
)

export const REDIS_URL = {
  schema: Text,
  advice: REDIS_ADVICE,
  wrong: (written: string) => (REDIS_ADDRESS.test(written) ? null : REDIS_ADVICE),
} satisfies Form

/** Braces decide where a Cluster keeps a key, and are the engine's own. */
export const REDIS_PREFIX = {
  schema: Text,
  advice: 'write a short text without spaces and braces, like usher:',
  wrong: (written: string) =>
    /^[^\s{}]{1,64}$/.test(written)
      ? null
      : 'write a short text without spaces and braces, like usher:',
} satisfies Form

/** A list of texts; `isItem` finds one that is not of its kind, and `advice` says so. */
function list(items: string, isItem: (item: string) => boolean, advice: string) {
  return {
    schema: Type.Array(Text),
    advice: `write a list of ${items}`,
    parse: partsOf,
    wrong(written: string[]): string | null {
      const found = written.find((item) => !isItem(item))
      return found === undefined ? null : `${found} ${advice}`
    },
  } satisfies Form
}

/** The entries of a list: they stand between commas. */
export function partsOf(written: string): string[] {
  const parts = written.split(',').map((part) => part.trim())
  return parts.filter((part) => part !== '')
}

export const ORIGINS = list(
  'texts like https://example.com, capacitor://localhost',
  (item) => (/^https?:/i.test(item) ? isWebOrigin(item) : isShellOrigin(item)),
  'is not an origin: write it like https://example.com, or as a native shell sends it, like ' +
    'capacitor://localhost',
)

function isWebOrigin(item: string): boolean {
  return !item.includes('*') && URL.canParse(item) && new URL(item).origin === item
}

/** Browsers send `null` for files and documents of these schemes, and none for sockets. */
const NO_SHELLS = ['file', 'data', 'blob', 'about', 'javascript', 'ws', 'wss', 'ftp']
const SHELL_ORIGIN = /^([a-z][a-z0-9+.-]*):\/\/[\w.~-]+(:\d{1,5})?$/

/** Scheme, host and maybe a port, as a native shell sends it: `URL` has no origin for those. */
function isShellOrigin(item: string): boolean {
  const [, scheme] = SHELL_ORIGIN.exec(item) ?? []
  return scheme !== undefined && !NO_SHELLS.includes(scheme)
}

const PROXY_WORDS = ['loopback', 'linklocal', 'uniquelocal']

export const ADDRESSES = list(
  'addresses as texts',
  (item) => PROXY_WORDS.includes(item) || isAddressRange(item),
  'is no address: write it like 10.0.0.1, 10.0.0.0/8',
)

function isAddressRange(item: string): boolean {
  const [address = '', bits, ...rest] = item.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  if (bits === undefined) return true
  return /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128)
}

const ENVIRONMENTS: Readonly<Record<string, boolean>> = {
  ...{ production: true, development: false, test: false },
}

/** Any other word stops the boot: `prod` would be a server in production without its rules. */
export const IN_PRODUCTION = {
  schema: Type.Boolean(),
  advice: 'write production, development or test (as an option true or false)',
  parse: (written: string) => ENVIRONMENTS[written] ?? written,
} satisfies Form
