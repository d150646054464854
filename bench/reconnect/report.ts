// What one scenario found.

export interface Report {
  name: string
  /** Numbers by what they say. */
  facts: Readonly<Record<string, number>>
  /** Messages that are missing or came twice; empty when all is well. */
  wrongs: readonly string[]
}

export function linesOf({ name, facts, wrongs }: Report): string[] {
  const told = Object.entries(facts).map(([what, value]) => `${what}: ${short(value)}`)
  const lost = wrongs.length === 0 ? 'nothing missing, nothing twice' : `${wrongs.length} WRONG`
  return [`| ${name} | ${told.join(', ')} | ${lost} |`, ...wrongs.map((wrong) => `- ${wrong}`)]
}

function short(value: number): string {
  return value >= 1_000
    ? Math.round(value).toLocaleString('en')
    : String(Number(value.toPrecision(3)))
}
