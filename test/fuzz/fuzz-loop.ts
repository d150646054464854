// The run itself: some connections side by side, bursts of inputs on each, and counts.
import fc, { type Arbitrary } from 'fast-check'
import { type Answer, answersIn, within } from '../attack/wire.ts'
import { closingOf, OPCODE, parseFrames } from '../support/frames.ts'
import { anyHandshake } from './handshakes.ts'
import { bent } from './json.ts'
import { openAnywhere, Pipeline } from './pipeline.ts'
import { anyRequest, type Credentials } from './requests.ts'
import type { Fuzzed } from './target.ts'
import { isOurClose, wrongClose, wrongWith } from './verdicts.ts'

const SIDE_BY_SIDE = 8
const BURST = 32
const PATIENCE_MS = 15_000
/** Memory counts from here on: before that, caches and the heap find their size. */
const WARM = 0.2
const GROWTH_MIB_MAX = 96
const MEASURES = 10

interface Input {
  kind: 'request' | 'broken request' | 'websocket'
  bytes: Buffer
}

interface Outcome {
  words: string
  wrong: string | null
}

/** What replays one run alone. */
export interface Replay {
  seed: number
  path: string
}

function anyInput(credentials: Credentials): Arbitrary<Input> {
  const one = (weight: number, kind: Input['kind'], bytes: Arbitrary<Buffer>) => {
    return { weight, arbitrary: bytes.map((bytes): Input => ({ kind, bytes })) }
  }
  return fc.oneof(
    one(17, 'request', anyRequest(credentials)),
    one(1, 'broken request', bent(anyRequest(credentials))),
    one(2, 'websocket', anyHandshake(credentials)),
  )
}

export class Fuzzing {
  readonly #fuzzed: Fuzzed
  readonly #inputs: number
  readonly #histogram = new Map<string, number>()
  readonly #memory: { at: number; mib: number }[] = []
  #done = 0
  #seconds = 0

  constructor(fuzzed: Fuzzed, inputs: number) {
    this.#fuzzed = fuzzed
    this.#inputs = inputs
  }

  /** Sends about so many inputs, and resolves with what was wrong, each shrunk. */
  async run(seed: number): Promise<string[]> {
    const start = performance.now()
    this.#measure()
    const bursts = Math.ceil(this.#inputs / SIDE_BY_SIDE / ((BURST + 1) / 2))
    const workers = Array.from({ length: SIDE_BY_SIDE }, (_, at) => this.#work(seed + at, bursts))
    const violations = (await Promise.all(workers)).flat()
    this.#seconds = (performance.now() - start) / 1_000
    this.#measure()
    return [...violations, ...this.#grown()]
  }

  /** One run again, and nothing else. */
  again({ seed, path }: Replay): Promise<string[]> {
    return this.#work(seed, 1, path)
  }

  summary(): string {
    const rate = Math.round(this.#done / this.#seconds)
    const rows = [...this.#histogram].sort(([, a], [, b]) => b - a)
    const counts = rows.map(([words, count]) => `  ${String(count).padStart(9)}  ${words}`)
    const memory = this.#memory.map(({ at, mib }) => `${at}: ${mib} MiB`).join(', ')
    const head = `${this.#done} inputs in ${this.#seconds.toFixed(1)} s, ${rate}/s`
    return [head, ...counts, `memory of the server after so many inputs: ${memory}`].join('\n')
  }

  /** Bursts on one connection, one after the other, until one of them goes wrong. */
  async #work(seed: number, numRuns: number, path?: string): Promise<string[]> {
    const { server, credentials } = this.#fuzzed
    const pipeline = new Pipeline(server.port)
    const burst = fc.array(anyInput(credentials), { minLength: 1, maxLength: BURST, size: 'max' })
    const property = fc.asyncProperty(fc.noBias(burst), async (inputs) => {
      // A dead server fails every input, so that only the burst that killed it would be lost.
      if (!server.program.isRunning) return
      await this.#fuzzed.renew()
      await this.#send(pipeline, inputs)
    })
    const found = await fc.check(property, { seed, numRuns, ...(path ? { path } : {}) })
    pipeline.close()
    if (!found.failed) return []
    const [inputs = []] = found.counterexample ?? []
    const shown = inputs.map(({ kind, bytes }) => {
      return `\n  ${kind} ${JSON.stringify(bytes.toString('latin1').slice(0, 2_000))}`
    })
    const replay = `--seed ${found.seed} --path ${found.counterexamplePath}`
    return [`${found.errorInstance}; replay with ${replay}${shown.join('')}`]
  }

  async #send(pipeline: Pipeline, inputs: readonly Input[]): Promise<void> {
    const requests = inputs.filter(({ kind }) => kind === 'request')
    const others = inputs.filter(({ kind }) => kind !== 'request')
    const answers = await pipeline.send(requests.map(({ bytes }) => bytes))
    const { port } = this.#fuzzed.server
    const ends = await Promise.all(others.map(({ bytes }) => alone(port, bytes)))
    const outcomes = [...requests.map((_, at) => outcomeOf(answers[at])), ...ends]
    for (const { words } of outcomes) this.#count(words)
    const wrong = outcomes.find((outcome) => outcome.wrong !== null)
    if (wrong) throw new Error(`${wrong.wrong}`)
  }

  #count(words: string): void {
    this.#done += 1
    this.#histogram.set(words, (this.#histogram.get(words) ?? 0) + 1)
    if (this.#done % Math.max(1, Math.floor(this.#inputs / MEASURES)) === 0) this.#measure()
  }

  #measure(): void {
    const { program } = this.#fuzzed.server
    if (program.isRunning) this.#memory.push({ at: this.#done, mib: program.rssMiB() })
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
