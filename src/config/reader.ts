// Reads variables one after the other and collects a sentence for each that is wrong.

export type Environment = Readonly<Record<string, string | undefined>>

/** The settings are wrong; `message` has one sentence a line, each naming what to change. */
export class ConfigError extends Error {
  readonly sentences: readonly string[]

  constructor(sentences: readonly string[]) {
    super(sentences.join('\n'))
    this.name = 'ConfigError'
    this.sentences = sentences
  }
}

/** A variable that is empty counts as not set. */
export class Reader {
  readonly wrongs: string[] = []
  readonly #env: Environment

  constructor(env: Environment) {
    this.#env = env
  }

  text(name: string): string | null {
    const value = this.#env[name]?.trim()
    return value === undefined || value === '' ? null : value
  }

  list(name: string): string[] {
    const parts = this.text(name)?.split(',') ?? []
    return parts.map((part) => part.trim()).filter((part) => part !== '')
  }

  integer(name: string, { standard, max }: { standard: number; max: number }): number {
    const value = this.text(name)
    if (value === null) return standard
    const number = Number(value)
    if (/^\d+$/.test(value) && number <= max) return number
    this.wrong(name, `write a whole number from 0 to ${max}`)
    return standard
  }

  choice(name: string, choices: readonly string[], standard: string): string {
    const value = this.text(name) ?? standard
    if (choices.includes(value)) return value
    this.wrong(name, `write one of ${choices.join(', ')}`)
    return standard
  }

  /** The value itself is never repeated: it may be a secret. */
  wrong(name: string, advice: string): void {
    this.wrongs.push(`${name}: ${advice}.`)
  }
}
