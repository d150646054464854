// The controls: small servers of bench/controls that do the usual, or the least, and nothing more.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Opening } from '../load/orders.ts'
import type { SpeechName } from '../load/speech.ts'
import { CENTRIFUGO } from './centrifugo.ts'
import { type Contender, fileIn, nodeCommand, type Running } from './contender.ts'
import { type Launch, ServerProcess } from './process.ts'

interface Control {
  name: string
  launch(): Launch
  speech?: SpeechName
  pathOf?: (room: number) => string
  missing?: () => string | null
  post?: (process: ServerProcess) => Promise<{ path: string; headers: Record<string, string> }>
}

function contender(control: Control): Contender {
  const { speech = 'raw', pathOf = (room) => `/rooms/bench-${room}` } = control
  const into = (opening: Opening): Opening => {
    return { ...opening, speech, path: pathOf(opening.rooms[0] ?? 0) }
  }
  return {
    name: control.name,
    missing: control.missing ?? (() => null),
    async start(pin): Promise<Running> {
      const process = await ServerProcess.start(pin, control.launch())
      return {
        process,
        target: { port: process.port },
        credentials: async (openings: readonly Opening[]) => openings.map(into),
        post: async () => (control.post ? control.post(process) : null),
        end: () => process.end(),
      }
    },
  }
}

function onNode(script: string): () => Launch {
  return () => ({ command: nodeCommand(fileIn(`../controls/${script}`)), env: {}, hasProbe: true })
}

/** Bun's names of architectures, where Node has others. */
const BUN_ARCH: Partial<Record<NodeJS.Architecture, string>> = { arm64: 'aarch64' }
/** Bun's own package has the binary; with install scripts it lies elsewhere than without. */
const BUN_PLACES = [
  `../node_modules/@oven/bun-${process.platform}-${BUN_ARCH[process.arch] ?? process.arch}/bin/bun`,
  '../node_modules/bun/bin/bun.exe',
]

function bunBinary(): string | null {
  const places = BUN_PLACES.map(fileIn).filter((place) => existsSync(place))
  return places.find((place) => spawnSync(place, ['--version']).status === 0) ?? null
}

let floor: string | null = null

/** Compiled outside the tree, once in a run. */
function floorBinary(): string {
  if (floor !== null) return floor
  const folder = mkdtempSync(join(tmpdir(), 'usher-bench-floor-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  floor = join(folder, 'floor')
  execFileSync('gcc', ['-O2', '-o', floor, fileIn('../controls/floor.c')])
  return floor
}

async function tokenOf(process: ServerProcess) {
  const answer = await fetch(`http://127.0.0.1:${process.port}/token`)
  const authorization = `Bearer ${await answer.text()}`
  return { path: '/publish', headers: { authorization, 'content-type': 'application/json' } }
}

export const CONTROLS: readonly Contender[] = [
  contender({
    name: 'C floor',
    launch: () => ({ command: [floorBinary()], env: {}, hasProbe: false }),
    missing: () => (spawnSync('gcc', ['--version']).status === 0 ? null : 'there is no gcc'),
  }),
  contender({
    name: 'bun',
    launch: () => ({
      command: [bunBinary() ?? 'bun', fileIn('../controls/bun.ts')],
      env: {},
      hasProbe: true,
    }),
    missing: () =>
      bunBinary() === null ? 'the npm package bun brought no binary that runs here' : null,
  }),
  contender({ name: 'ws', launch: onNode('ws.ts') }),
  contender({ name: '@fastify/websocket', launch: onNode('fastify-websocket.ts') }),
  contender({
    name: 'socket.io',
    launch: onNode('socket-io.ts'),
    speech: 'socket.io',
    pathOf: (room) => `/socket.io/?EIO=4&transport=websocket&room=${room}`,
  }),
  CENTRIFUGO,
  contender({ name: 'fastify', launch: onNode('fastify-rest.ts'), post: tokenOf }),
]
