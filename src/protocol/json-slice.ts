// The source text of a part of a JSON text. A payload is passed on as it was written: parsed and
// written again it would lose big integers, forms of numbers and the order of keys.

const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
/** Both brackets and both braces are at these, once this bit is set: `[` is `{`, `]` is `}`. */
const LOWER_BIT = 0x20
const OPEN = 0x7b
const CLOSE = 0x7d
const SPACE = 0x20

/**
 * The text of the value at this path of member names, without white space around it; null where
 * there is none. Of members with one name the last counts, as it does for `JSON.parse`, which MUST
 * have accepted the text.
 */
export function jsonSlice(text: string, path: readonly string[]): string | null {
  let start = pastSpace(text, 0)
  let end = endOfValue(text, start)
  for (const name of path) {
    const value = lastMember(text, start, name)
    if (value === null) return null
    ;[start, end] = value
  }
  return text.slice(start, end)
}

/** Where the value of the last member with this name starts and ends. */
function lastMember(text: string, object: number, name: string): [number, number] | null {
  if (text[object] !== '{') return null
  let found: [number, number] | null = null
  let at = pastSpace(text, object + 1)
  while (text.charCodeAt(at) === QUOTE) {
    const endOfName = endOfString(text, at)
    const colon = pastSpace(text, endOfName)
    const start = pastSpace(text, colon + 1)
    const end = endOfValue(text, start)
    if (nameOf(text.slice(at, endOfName)) === name) found = [start, end]
    at = pastSpace(text, end)
    if (text.charCodeAt(at) !== COMMA) break
    at = pastSpace(text, at + 1)
  }
  return found
}

function nameOf(quoted: string): string {
  return quoted.includes('\\') ? JSON.parse(quoted) : quoted.slice(1, -1)
}

function endOfValue(text: string, start: number): number {
  const first = text.charCodeAt(start)
  if (first === QUOTE) return endOfString(text, start)
  return (first | LOWER_BIT) === OPEN ? endOfNested(text, start) : endOfWord(text, start)
}

/** Of an object or an array. Depth is counted, so that no depth of input can fill the stack. */
function endOfNested(text: string, start: number): number {
  let depth = 0
  let at = start
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      at = endOfString(text, at)
      continue
    }
    at += 1
    const bracket = code | LOWER_BIT
    if (bracket === OPEN) depth += 1
    else if (bracket === CLOSE) depth -= 1
    if (depth === 0) return at
  }
  return at
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end > 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end < 0 ? text.length : end + 1
}

function isEscaped(text: string, at: number): boolean {
  let before = at
  while (text.charCodeAt(before - 1) === BACKSLASH) before -= 1
  return (at - before) % 2 === 1
}

/** Of a number, `true`, `false` or `null`. */
function endOfWord(text: string, start: number): number {
  let at = start
  while (at < text.length && !isDelimiter(text.charCodeAt(at))) at += 1
  return at
}

function isDelimiter(code: number): boolean {
  return code <= SPACE || code === COMMA || (code | LOWER_BIT) === CLOSE
}

function pastSpace(text: string, start: number): number {
  let at = start
  while (text.charCodeAt(at) <= SPACE) at += 1
  return at
}
