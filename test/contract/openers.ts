// How the test of an engine opens what a contract suite asks of it.
import type { Test } from 'tap'
import type { Engine } from '../../src/engine/engine.ts'

/** Opens an engine that holds nothing yet; the test closes it. */
export type OpenEmpty = (t: Test) => Promise<Engine>
