// Collects all mistakes of the settings, in the names that the operator knows.
import type { SettingName } from './settings.ts'

/** The settings are wrong; `message` has one sentence a line, each naming what to change. */
export class ConfigError extends Error {
  readonly sentences: readonly string[]

  constructor(sentences: readonly string[]) {
    super(sentences.join('\n'))
    this.name = 'ConfigError'
    this.sentences = sentences
  }
}

export class Mistakes {
  /** The variable or the option of a setting. */
  readonly nameOf: (setting: SettingName) => string
  readonly #sentences: string[]

  constructor(nameOf: (setting: SettingName) => string, sentences: readonly string[]) {
    this.nameOf = nameOf
    this.#sentences = [...sentences]
  }

  /** `advice` ends the sentence. It MUST NOT repeat the value, which may be a secret. */
  add(setting: SettingName, advice: string): void {
    this.#sentences.push(`${this.nameOf(setting)}: ${advice}.`)
  }

  addSentences(sentences: readonly string[]): void {
    this.#sentences.push(...sentences)
  }

  get sentences(): readonly string[] {
    return this.#sentences
  }

  /** @throws ConfigError */
  throwIfAny(): void {
    if (this.#sentences.length > 0) throw new ConfigError(this.#sentences)
  }
}
