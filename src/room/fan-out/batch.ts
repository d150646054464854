// What was pushed for one group in a while, to be written to each of its members in one piece.
import type { Member } from '../member.ts'

/** Frames in order, and who must not get all of them. */
export class Batch {
  readonly #frames: Buffer[] = []
  /** Who sent each frame, by the same index. */
  readonly #origins: (string | null)[] = []
  /** Who came when so many frames were there already: those are from before its time. */
  #newcomers: Map<Member, number> | null = null
  #bytes = 0
  #joined: Buffer | null = null
  #senders: Set<string | null> | null = null

  get length(): number {
    return this.#frames.length
  }

  get bytes(): number {
    return this.#bytes
  }

  push(frame: Buffer, origin: string | null): void {
    this.#frames.push(frame)
    this.#origins.push(origin)
    this.#bytes += frame.length
    this.#joined = null
    this.#senders = null
  }

  /** What is here already is not for this member. */
  begin(member: Member): void {
    if (this.#frames.length === 0) return
    this.#newcomers ??= new Map()
    this.#newcomers.set(member, this.#frames.length)
  }

  forget(member: Member): void {
    this.#newcomers?.delete(member)
  }

  /**
   * Gives a member what is for it: the same buffer for all but newcomers and the echoless.
   * Returns how many frames that were.
   */
  deliverTo(member: Member): number {
    const from = this.#newcomers?.get(member) ?? 0
    if (from === 0 && (member.echo || !this.#isFrom(member))) {
      if (this.#frames.length > 0) member.deliver(this.#whole())
      return this.#frames.length
    }
    const wanted = (_: Buffer, index: number): boolean =>
      index >= from && (member.echo || this.#origins[index] !== member.id)
    const frames = this.#frames.filter(wanted)
    if (frames.length > 0) member.deliver(join(frames))
    return frames.length
  }

  #isFrom(member: Member): boolean {
    this.#senders ??= new Set(this.#origins)
    return this.#senders.has(member.id)
  }

  #whole(): Buffer {
    this.#joined ??= join(this.#frames)
    return this.#joined
  }
}

function join(frames: Buffer[]): Buffer {
  const [only] = frames
  return frames.length === 1 && only ? only : Buffer.concat(frames)
}
