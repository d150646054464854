// The payloads of a run: each message has a name, and the name tells all of it, so that half a
// message is seen wherever it appears.

/** The name is `who-number-length`. */
export function payloadOf(name: string): string {
  return `${name}|`.padEnd(Number(name.split('-')[2]), '.')
}

/** The name of a message; null for a text that is none, or not a whole one. */
export function nameOf(text: string): string | null {
  const [name = ''] = text.split('|', 1)
  return text === payloadOf(name) ? name : null
}
