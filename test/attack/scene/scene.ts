// A server, a hundred innocent members and an attacker, each in a process of its own, and what the
// attack costs the server and the members.
import { resolve } from 'node:path'
import { Program } from '../../support/program.ts'
import {
  bearerHeaders,
  findTarget,
  type Home,
  KEY_HEADERS,
  posting,
  type Target,
} from '../target.ts'
import { pause } from '../wire.ts'
import type { Assault, Order } from './assault.ts'
import type { Figures, Sample } from './figures.ts'
import type { Fared, Innocence } from './innocents.ts'

const MEMBERS = 100
const STEPS = 4
/** Some hundred messages: the slowest of them is what 99 of 100 come to. */
const QUIET_MS = 10_000
const SHORT_MS = 4_000
const LOOK_MS = 100
const STILL_LOOKS = 6
const SETTLED_MS = 5_000

export interface Scene {
  home: Home
  short: boolean
  /** How many connections attack in all. */
  connections: number
  /** What is sent, once all is there that it is sent to. */
  assault(target: Target): Promise<Assault>
}

/** Runs it with a server of its own. */
export async function play(scene: Scene): Promise<Figures> {
  const target = await findTarget(scene.short, scene.home)
  const innocents = start('innocents.ts', await innocenceOf(target))
  try {
    const assault = await scene.assault(target)
    await innocents.shows(/ready/)
    await phase(innocents)
    await pause(scene.short ? SHORT_MS : QUIET_MS)
    const quiet = await phase(innocents)
    const beside = async () => {
      await pause(scene.short ? 0 : QUIET_MS)
      return phase(innocents)
    }
    const { samples, result } = await attacked(target, { ...scene, ...{ assault, beside } })
    return { samples, quiet, beside: result }
  } finally {
    await innocents.end('SIGKILL')
    await target.server.stop()
  }
}

/** The cost alone, of a server of its own. */
export async function costOf({ assault, ...scene }: Scene): Promise<readonly Sample[]> {
  const target = await findTarget(scene.short, scene.home)
  try {
    const beside = async () => undefined
    const own = { ...scene, assault: await assault(target), beside }
    return (await attacked(target, own)).samples
  } finally {
    await target.server.stop()
  }
}

/** An attacker has machines of its own: here it gets what the server and the members leave. */
const ATTACKER = ['nice', '-n', '19']

function start(file: string, told: Innocence | Order, before: readonly string[] = []): Program {
  const script = resolve(import.meta.dirname, file)
  return new Program({ command: [...before, process.execPath, script, JSON.stringify(told)] })
}

async function innocenceOf(target: Target): Promise<Innocence> {
  const { prefix, victim } = target
  const joins = Array.from({ length: MEMBERS }, async (_, at) => {
    const body = JSON.stringify({ user: `member:${at}` })
    const answer = await target.ask(posting(`${prefix}/tickets`, KEY_HEADERS, body))
    return `${prefix}/rooms/attack:talk?ticket=${JSON.parse(answer.body).ticket}`
  })
  const path = `${prefix}/rooms/kept:innocent/messages`
  await target.ask(posting(path, bearerHeaders(victim), 'hello', 'text/plain'))
  return {
    port: target.port,
    joins: await Promise.all(joins),
    logIn: { username: victim.username, password: victim.password },
    page: { path, headers: bearerHeaders(victim) },
  }
}

/** Ends a phase, and gives its figures. */
async function phase(innocents: Program): Promise<Fared> {
  const before = innocents.stdout.length
  innocents.say('next')
  const fared = /fared (.*)\n/
  const show = () => fared.exec(innocents.stdout.slice(before))?.[1]
  while (show() === undefined && innocents.isRunning) await pause(LOOK_MS)
  return JSON.parse(show() ?? '') as Fared
}

interface Attacked<T> {
  connections: number
  assault: Assault
  /** Looked at while all connections attack. */
  beside(): Promise<T>
}

async function attacked<T>({ server, port }: Target, { assault, ...more }: Attacked<T>) {
  const assailant = start('assailant.ts', { port, assault }, ATTACKER)
  const samples: Sample[] = []
  for (let step = 1; step <= STEPS; step += 1) {
    const connections = Math.round((more.connections * step) / STEPS)
    assailant.say(String(connections - (samples.at(-1)?.connections ?? 0)))
    await assailant.shows(new RegExp(`opened ${connections}\n`))
    samples.push({ connections, ...(await settled(server.program)) })
  }
  const result = await more.beside()
  throwIfDead(server.program)
  await assailant.end('SIGKILL')
  return { samples, result }
}

/** What it takes once that grows no more. */
async function settled(program: Program): Promise<{ mib: number; files: number }> {
  let most = { mib: 0, files: 0 }
  let still = 0
  for (let waited = 0; waited < SETTLED_MS && still < STILL_LOOKS; waited += LOOK_MS) {
    await pause(LOOK_MS)
    throwIfDead(program)
    const now = { mib: program.rssMiB(), files: program.openFiles() }
    still = now.mib > most.mib + 1 || now.files > most.files ? 0 : still + 1
    most = { mib: Math.max(most.mib, now.mib), files: Math.max(most.files, now.files) }
  }
  return most
}

function throwIfDead({ isRunning, output }: Program): void {
  if (!isRunning) throw new Error(`the server died: ${output.slice(-500)}`)
}
