// What is said in a run: each saying has a name, and the name tells all of it, so that half of one
// is seen wherever it appears.

/** The name is `who-number-length`. */
export function sayingOf(name: string): string {
  return `${name}|`.padEnd(Number(name.split('-')[2]), '.')
}

/** The name of a saying; null for what is no saying, or not a whole one. */
export function nameOf(text: string): string | null {
  const [name = ''] = text.split('|', 1)
  return text === sayingOf(name) ? name : null
}
