// Writes of an import that are under way: many at once, and not more of them in memory than some.
const WRITES_MAX = 256
/** Over a slow link too they are answered in time. */
const BYTES_MAX = 2_097_152

export class ArchiveWrites {
  #underWay: Promise<void>[] = []
  #bytes = 0
  #failure: { error: unknown } | null = null

  /** Waits where much is under way. Rejects with what a write before it failed with. */
  async add(write: Promise<unknown>, bytes = 0): Promise<void> {
    const settled = write.then(
      () => {},
      (error) => {
        this.#failure ??= { error }
      },
    )
    this.#underWay.push(settled)
    this.#bytes += bytes
    if (this.#underWay.length >= WRITES_MAX || this.#bytes >= BYTES_MAX) await this.settle()
  }

  /** Resolves when all of them are done. Rejects with what the first failed with. */
  async settle(): Promise<void> {
    await Promise.all(this.#underWay)
    this.#underWay = []
    this.#bytes = 0
    if (this.#failure !== null) throw this.#failure.error
  }
}
