// The run itself: some connections side by side, inputs in order of their number, and counts.
import { type Answer, answersIn, within } from '../attack/wire.ts'
import { Dice } from '../support/dice.ts'
import { closingOf, OPCODE, parseFrames } from '../support/frames.ts'
import type { Fuzzed } from './fuzzed.ts'
import { handshakeOf } from './handshakes.ts'
import { bent } from './json.ts'
import { openAnywhere, Pipeline } from './pipeline.ts'
import { type Credentials, requestOf } from './requests.ts'
import { isOurClose, wrongClose, wrongWith } from './verdicts.ts'

const SIDE_BY_SIDE = 8
const BATCH = 32
const VIOLATIONS_MAX = 20
const PATIENCE_MS = 15_000
/** Memory counts from here on: before that, caches and the heap find their size. */
const WARM = 0.2
const GROWTH_MIB_MAX = 96

export interface Input {
  kind: 'request' | 'broken request' | 'websocket'
  bytes: Buffer
}

/** Input number `index` of a seed; the same for the same credentials. */
export function inputOf(seed: number, index: number, credentials: Credentials): Input {
  const dice = new Dice(seed, index)
  const turn = index % 20
  if (turn === 7 || turn === 17) return { kind: 'websocket', bytes: handshakeOf(dice, credentials) }
  const { bytes } = requestOf(dice, credentials)
  return turn === 13
    ? { kind: 'broken request', bytes: bent(dice, bytes) }
    : { kind: 'request', bytes }
}

export interface Outcome {
  words: string
  wrong: string | null
}

export class Fuzzing {
  readonly #fuzzed: Fuzzed
  readonly #seed: number
  readonly #inputs: number
  readonly #histogram = new Map<string, number>()
  readonly #violations: string[] = []
  readonly #memory: { at: number; mib: number }[] = []
  #next = 0
  #done = 0
  #seconds = 0

  constructor(fuzzed: Fuzzed, seed: number, inputs: number) {
    this.#fuzzed = fuzzed
    this.#seed = seed
    this.#inputs = inputs
  }

  /** Sends every input and resolves with what was wrong; gives up after some violations. */
  async run(): Promise<string[]> {
    const start = performance.now()
    this.#measure()
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, () => this.#work()))
    this.#seconds = (performance.now() - start) / 1_000
    this.#measure()
    return [...this.#violations, ...this.#grown()]
  }

  /** One input on a connection of its own. */
  async one(index: number): Promise<Outcome> {
    const { kind, bytes } = this.#input(index)
    if (kind !== 'request') return alone(this.#fuzzed.server.port, bytes)
    const pipeline = new Pipeline(this.#fuzzed.server.port)
    const [answer] = await pipeline.send([bytes])
    pipeline.close()
    return outcomeOf(answer)
  }

  summary(): string {
    const rate = Math.round(this.#done / this.#seconds)
    const rows = [...this.#histogram].sort(([, a], [, b]) => b - a)
    const counts = rows.map(([words, count]) => `  ${String(count).padStart(9)}  ${words}`)
    const memory = this.#memory.map(({ at, mib }) => `${at}: ${mib} MiB`).join(', ')
    const head = `${this.#done} inputs in ${this.#seconds.toFixed(1)} s, ${rate}/s`
    return [head, ...counts, `memory of the server after so many inputs: ${memory}`].join('\n')
  }

  async #work(): Promise<void> {
    const pipeline = new Pipeline(this.#fuzzed.server.port)
    while (this.#next < this.#inputs && this.#goesOn()) {
      await this.#fuzzed.renew()
      const from = this.#next
      this.#next = Math.min(this.#inputs, from + BATCH)
      const indices = Array.from({ length: this.#next - from }, (_, at) => from + at)
      await this.#batch(pipeline, indices)
    }
    pipeline.close()
  }

  async #batch(pipeline: Pipeline, indices: readonly number[]): Promise<void> {
    const inputs = indices.map((index) => ({ index, ...this.#input(index) }))
    const requests = inputs.filter(({ kind }) => kind === 'request')
    const others = inputs.filter(({ kind }) => kind !== 'request')
    const answers = await pipeline.send(requests.map(({ bytes }) => bytes))
    for (const [at, { index }] of requests.entries()) this.#count(index, outcomeOf(answers[at]))
    const { port } = this.#fuzzed.server
    const outcomes = await Promise.all(others.map(({ bytes }) => alone(port, bytes)))
    for (const [at, { index }] of others.entries()) this.#count(index, outcomes[at] as Outcome)
  }

  #input(index: number): Input {
    return inputOf(this.#seed, index, this.#fuzzed.credentials)
  }

  #count(index: number, { words, wrong }: Outcome): void {
    this.#done += 1
    this.#histogram.set(words, (this.#histogram.get(words) ?? 0) + 1)
    if (this.#done % Math.max(1, Math.floor(this.#inputs / 10)) === 0) this.#measure()
    if (wrong === null) return
    const shown = JSON.stringify(this.#input(index).bytes.toString('latin1').slice(0, 2_000))
    this.#violations.push(`seed ${this.#seed} index ${index}: ${wrong}\n  input ${shown}`)
  }

  #goesOn(): boolean {
    return this.#fuzzed.server.program.isRunning && this.#violations.length < VIOLATIONS_MAX
  }

  #measure(): void {
    const { server } = this.#fuzzed
    if (server.program.isRunning)
      this.#memory.push({ at: this.#done, mib: server.program.rssMiB() })
  }

  #grown(): string[] {
    const warm = this.#memory.find(({ at }) => at >= this.#inputs * WARM)
    const end = this.#memory.at(-1)
    const grown = warm && end ? end.mib - warm.mib : 0
    return grown > GROWTH_MIB_MAX ? [`memory grew by ${grown} MiB since it was warm`] : []
  }
}

function outcomeOf(answer: Answer | undefined): Outcome {
  if (answer === undefined) return { words: 'none', wrong: 'there was no answer' }
  return { words: String(answer.status), wrong: wrongWith(answer) }
}

/** Bytes on a connection of their own, whose half we end: the server must end the other. */
async function alone(port: number, bytes: Buffer): Promise<Outcome> {
  const socket = openAnywhere(port)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  const closed = new Promise<true>((resolve) => socket.once('close', () => resolve(true)))
  socket.end(bytes)
  const ended = await within(PATIENCE_MS, closed, false)
  socket.destroy()
  if (!ended) return { words: 'not ended', wrong: 'the server did not end it' }
  return endOf(Buffer.concat(chunks), bytes)
}

function endOf(bytes: Buffer, sent: Buffer): Outcome {
  const { answers, rest } = answersIn(bytes)
  const wrong = answers.map(wrongWith).find((word) => word !== null) ?? null
  const last = answers.at(-1)
  if (last === undefined) return { words: 'cut without answer', wrong: null }
  if (last.status !== 101) return { words: `alone ${last.status}`, wrong }
  const close = parseFrames(rest).frames.find(({ opcode }) => opcode === OPCODE.close)
  if (close === undefined) return { words: '101, then cut', wrong }
  const { code, reason } = closingOf(close)
  const words = isOurClose(code) ? `101, then ${code} ${reason}` : '101, then what it sent'
  return { words, wrong: wrong ?? wrongClose(code, reason, sent) }
}
