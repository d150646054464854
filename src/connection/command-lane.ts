// The commands of one connection, one after the other: one that waits holds back those behind it,
// within a bound. After some of them other connections have their turn.
import type { Command } from '../protocol/command.ts'
import type { FrameBounds } from '../protocol/limits.ts'
import type { InboundFrame } from '../wire/wire-format.ts'
import { FrameQueue } from './frame-queue.ts'

export interface LaneOwner {
  /** Commands are read one by one, each when those before it have run. */
  decode(frame: InboundFrame): Iterable<Command>
  /**
   * Runs a command. Null when the next may run at once, else a promise for when it may, which MUST
   * NOT reject. MUST NOT throw.
   */
  run(command: Command): Promise<unknown> | null
  /** Resolves when the input of other connections was handled. MUST NOT reject. */
  nextTurn(): Promise<void>
  /** A fault of Usher's own. */
  fault(error: unknown): void
}

/** A frame may have thousands of commands, which would be one long turn of the process. */
const COMMANDS_IN_A_TURN = 32

export class CommandLane {
  readonly #owner: LaneOwner
  /** Frames that wait; made when the first has to. */
  #frames: FrameQueue | null = null
  #isWaiting = false
  #hasStopped = false
  #untilTurn = COMMANDS_IN_A_TURN

  constructor(owner: LaneOwner) {
    this.#owner = owner
  }

  /** Whether a frame that comes now has to wait. */
  get isWaiting(): boolean {
    return this.#isWaiting
  }

  /** False when more frames wait than `bounds` allow. */
  receive(frame: InboundFrame, bounds: FrameBounds): boolean {
    if (!this.#isWaiting) {
      this.#run(this.#commandsOf(frame))
      return true
    }
    this.#frames ??= new FrameQueue()
    return this.#frames.push(frame, bounds)
  }

  /** No further command runs. */
  stop(): void {
    this.#hasStopped = true
    this.#frames = null
  }

  #commandsOf(frame: InboundFrame): Iterator<Command> {
    return this.#owner.decode(frame)[Symbol.iterator]()
  }

  #run(commands: Iterator<Command>): void {
    while (!this.#hasStopped) {
      const { value: command, done } = commands.next()
      if (done) return
      const waiting = this.#afterTurn(this.#owner.run(command))
      if (waiting === null) continue
      this.#isWaiting = true
      waiting.then(() => this.#goOn(commands)).catch((error: unknown) => this.#owner.fault(error))
      return
    }
  }

  /** What the next command waits for: this, and now and then a turn of the others. */
  #afterTurn(waiting: Promise<unknown> | null): Promise<unknown> | null {
    this.#untilTurn -= 1
    if (this.#untilTurn > 0) return waiting
    this.#untilTurn = COMMANDS_IN_A_TURN
    const turn = (): Promise<void> => this.#owner.nextTurn()
    return waiting === null ? turn() : waiting.then(turn)
  }

  #goOn(commands: Iterator<Command>): void {
    this.#isWaiting = false
    this.#run(commands)
    while (!this.#isWaiting && !this.#hasStopped) {
      const frame = this.#frames?.shift() ?? null
      if (frame === null) return
      this.#run(this.#commandsOf(frame))
    }
  }
}
