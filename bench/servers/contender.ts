// What a server must offer to be measured beside the others.
import { fileURLToPath } from 'node:url'
import type { Credential, Opening, Target } from '../load/orders.ts'
import type { ServerProcess } from './process.ts'

/** A server that runs. */
export interface Running {
  process: ServerProcess
  target: Target
  /** Adds path and headers to each opening that has none yet. */
  credentials(openings: readonly Opening[], credential: Credential): Promise<Opening[]>
  /** What a REST publish needs; null where there is none. */
  post(): Promise<{ path: string; headers: Record<string, string> } | null>
  end(): Promise<void>
}

export interface Contender {
  name: string
  /** Why it cannot be measured here; null when it can. */
  missing(): string | null
  /** `pin` goes before its command. */
  start(pin: readonly string[]): Promise<Running>
}

export function fileIn(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}

/** The command that runs a server on Node, with the probe and a collection for it to ask for. */
export function nodeCommand(script: string): string[] {
  return [process.execPath, '--expose-gc', '--import', fileIn('probe.ts'), script]
}
