// Frames that were pushed for one group and not written yet: each member gets them in one write.
import type { Member } from '../member.ts'

/** Frames in order, and the members that must not get all of them. */
export class Batch {
  readonly #frames: Buffer[] = []
  /** The connection that sent each frame, by the same index. */
  readonly #origins: (string | null)[] = []
  /** Members that joined after so many frames were pushed, which are not for them. */
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

  /** The member has just joined: frames that were pushed before are not for it. */
  begin(member: Member): void {
    if (this.#frames.length === 0) return
    this.#newcomers ??= new Map()
    this.#newcomers.set(member, this.#frames.length)
  }

  forget(member: Member): void {
    this.#newcomers?.delete(member)
  }

  /**
   * Delivers the frames that are for this member, and returns how many. Members get one shared
   * buffer, except those that joined meanwhile and those without echo whose own frames are in it.
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
