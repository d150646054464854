// Frames that were pushed for one group and not written yet: each member gets them in one write.
import type { Member } from '../member.ts'

/** Frames in order, and the members that must not get all of them. */
export class Batch {
  readonly #frames: Buffer[] = []
  /** The connection that sent each frame, by the same index. */
  readonly #origins: (string | null)[] = []
  /** Members that joined after so many frames were pushed, which are not for them. */
  #newcomers: Map<Member, number> | null = null
  /** Frames, by index, that their own connection does not get although it wants echo. */
  #unechoed: Set<number> | null = null
  /** Whether there are neither: this is looked at for every member. */
  #isPlain = true
  #bytes = 0
  #joined: Buffer | null = null
  #senders: Set<string | null> | null = null

  get length(): number {
    return this.#frames.length
  }

  get bytes(): number {
    return this.#bytes
  }

  push(frame: Buffer, origin: string | null, unechoed: boolean): void {
    if (unechoed) this.#withhold(this.#frames.length)
    this.#frames.push(frame)
    this.#origins.push(origin)
    this.#bytes += frame.length
    this.#joined = null
    this.#senders = null
  }

  /** The member has just joined: frames that were pushed before are not for it. */
  begin(member: Member): void {
    if (this.#frames.length === 0) return
    this.#isPlain = false
    this.#newcomers ??= new Map()
    this.#newcomers.set(member, this.#frames.length)
  }

  forget(member: Member): void {
    this.#newcomers?.delete(member)
  }

  /**
   * Delivers the frames that are for this member, and returns how many. Members get one shared
   * buffer, except those that joined meanwhile and those that must not hear frames of their own.
   */
  deliverTo(member: Member): number {
    const isForAll = this.#isPlain ? member.echo || !this.#isFrom(member) : this.#isWholeFor(member)
    if (!isForAll) return this.#deliverSome(member)
    if (this.#frames.length > 0) member.deliver(this.#whole())
    return this.#frames.length
  }

  #withhold(index: number): void {
    this.#isPlain = false
    this.#unechoed ??= new Set()
    this.#unechoed.add(index)
  }

  #isWholeFor(member: Member): boolean {
    if (this.#newcomers?.has(member)) return false
    return (member.echo && this.#unechoed === null) || !this.#isFrom(member)
  }

  #deliverSome(member: Member): number {
    const from = this.#newcomers?.get(member) ?? 0
    const wanted = (_: Buffer, index: number): boolean => {
      if (index < from) return false
      if (this.#origins[index] !== member.id) return true
      return member.echo && this.#unechoed?.has(index) !== true
    }
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
