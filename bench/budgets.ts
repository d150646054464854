// The budgets of Usher against its controls, and whether this run met them.
import { type Result, ratio } from './table.ts'

interface Budget {
  scenario: string
  control: string
  /** What is held against the control; the subject of the scenario if it is not said. */
  row?: string
  by: 'value' | 'cpuMicros' | 'difference'
  least?: number
  most?: number
}

/** Ratios of Usher to a control: the value of a row, or the CPU time for each delivery. */
const BUDGETS: readonly Budget[] = [
  { scenario: 'one big room', control: 'bun', by: 'value', least: 2.5 },
  { scenario: 'one big room', control: 'socket.io', by: 'value', least: 60 },
  { scenario: 'one big room', control: 'C floor', by: 'cpuMicros', most: 1.4 },
  { scenario: 'one big room', control: 'bun', by: 'cpuMicros', most: 0.4 },
  { scenario: 'fixed rate, 400 msg/s', control: 'bun', by: 'value', most: 1.3 },
  { scenario: 'rooms of ten', control: 'bun', by: 'value', least: 0.8 },
  { scenario: '40 publishers, 10,000 members', control: 'C floor', by: 'value', most: 1.3 },
  { scenario: 'idle connection', control: 'ws', by: 'value', most: 0.9 },
  { scenario: 'connect', control: '@fastify/websocket', by: 'value', least: 0.7 },
  // "Unchanged", within what two runs of the same differ by.
  { scenario: 'one slow reader', control: 'usher', by: 'value', most: 1.2 },
  { scenario: 'REST publish', control: 'fastify', by: 'value', least: 0.6 },
  { scenario: 'beside a stored room', control: 'usher, alone', by: 'value', least: 0.8 },
  ...['usher, JSON', 'usher, Protobuf'].flatMap((row): Budget[] => [
    { scenario: 'rich big room', row, control: 'centrifugo', by: 'value', least: 8 },
    { scenario: 'rich big room', row, control: 'usher, raw', by: 'cpuMicros', most: 1.3 },
    { scenario: 'rich at 400 msg/s', row, control: 'bun', by: 'value', most: 1.3 },
    { scenario: 'rich idle', row, control: 'usher, raw', by: 'difference', most: 1 },
    { scenario: 'rich connect', row, control: '@fastify/websocket', by: 'value', least: 0.5 },
  ]),
  // The same against raw frames of as many bytes, which is what a kernel mostly pays for.
  ...[
    { row: 'usher, JSON', control: 'usher, raw 181 B' },
    { row: 'usher, Protobuf', control: 'usher, raw 113 B' },
  ].map((names): Budget => ({ scenario: 'rich big room', ...names, by: 'cpuMicros', most: 1.3 })),
  {
    ...{ scenario: 'rich idle', row: 'usher, JSON in ten', control: 'usher, raw' },
    ...{ by: 'difference', most: 3 },
  },
  { scenario: 'rich rooms per turn', control: 'usher, one room', by: 'value', most: 1.5 },
  // "None slows the others", within what two runs of the same differ by.
  ...['raw', 'SSE', 'JSON', 'Protobuf'].map((format): Budget => {
    const names = { row: `usher, ${format} of all`, control: `usher, ${format} alone` }
    return { scenario: 'all formats in one room', ...names, by: 'value', most: 1.3 }
  }),
]

/**
 * Share of the time: the speed of a server kept from its core for longer means nothing; its CPU
 * time still does.
 */
const KEPT_MAX = 0.25

/** A budget that was measured in this run. `isKnown` is false when the figures say nothing. */
export interface Kept {
  line: string
  isKnown: boolean
  /** How many times the bound is missed by; 1 and less is met. */
  missedBy: number
}

export function budgetsOf(result: Result): Kept[] {
  return BUDGETS.filter(({ scenario }) => scenario === result.scenario.name).flatMap((budget) => {
    const measured = measuredBy(result, budget)
    return measured === null ? [] : [kept(result, budget, measured)]
  })
}

function measuredBy({ scenario, rows }: Result, budget: Budget): number | null {
  const { control, by, row = scenario.subject } = budget
  const [ours, theirs] = [rows.get(row), rows.get(control)]
  if (!ours || !theirs) return null
  return by === 'difference' ? ours.value - theirs.value : ratio(ours[by], theirs[by])
}

function kept(result: Result, budget: Budget, measured: number): Kept {
  const { scenario, control, row, by, least = 0, most } = budget
  const missedBy = most === undefined ? least / measured : measured / most
  const isKnown = by === 'cpuMicros' || wereLeftAlone(result, budget)
  const word = isKnown ? (missedBy <= 1 ? 'met' : 'MISSED') : 'unknown, others had the core'
  const unit = by === 'difference' ? ` ${result.scenario.unit} more` : ''
  const bound = most === undefined ? `at least ${least}` : `at most ${most}${unit}`
  const named = row === undefined ? scenario : `${scenario}, ${row}`
  const what = by === 'cpuMicros' ? `${named}, CPU` : named
  const line = `- ${word}: ${what} against ${control} ${bound}: ${measured.toPrecision(3)}`
  return { line, isKnown, missedBy }
}

function wereLeftAlone({ scenario, rows }: Result, { control, row }: Budget): boolean {
  return [row ?? scenario.subject, control].every((name) => {
    return (rows.get(name)?.kept ?? 0) <= KEPT_MAX
  })
}
