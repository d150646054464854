// What receipts cost in a busy room, beside a message to the room for each receipt.
// npm run bench:receipts -- [--short] [--rounds N] [--seconds N] [--participants N] [--few N]
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { middle } from '../median.ts'
import { short } from '../table.ts'
import type { Kind, Telling } from './participant.ts'
import { type Found, play } from './scene.ts'

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    participants: { type: 'string' },
    few: { type: 'string' },
  },
})
const rounds = Number(values.rounds ?? (values.short ? 1 : 3))
const seconds = Number(values.seconds ?? (values.short ? 3 : 10))
const many = Number(values.participants ?? (values.short ? 200 : 1_000))
/** As many as the control can be measured with: it grows by the square. */
const few = Number(values.few ?? (values.short ? 40 : 100))

/** The short form fails where the control sends less than so many times as much for as many. */
const APART_MIN = 4

interface Row {
  title: string
  telling: Telling
  participants: number
}

const ROWS: readonly Row[] = [
  { title: 'no receipts', telling: 'nothing', participants: many },
  { title: 'receipts', telling: 'offsets', participants: many },
  { title: 'no receipts', telling: 'nothing', participants: few },
  { title: 'receipts', telling: 'offsets', participants: few },
  { title: 'a message for each', telling: 'each', participants: few },
]
/** What the server sends because of receipts. */
const CAUSED: readonly Kind[] = ['receipts', 'sums', 'answers', 'own']
const ASKED: readonly Kind[] = ['moves', 'receipts sent']
const DETAILS: readonly Kind[] = ['moves', 'sums', 'answers', 'own', 'receipts sent', 'receipts']

/** The server has a core of its own, and the participants have another. */
function pinned(): string[] {
  const { status } = spawnSync('taskset', ['-a', '-cp', '1', String(process.pid)])
  return status === 0 ? ['taskset', '-c', '0'] : []
}

const pin = pinned()
// What CI looks at is not in the rows without receipts.
const rows = ROWS.filter(({ telling }) => telling !== 'nothing' || !values.short)
const found = new Map<Row, Found[]>(rows.map((row) => [row, []]))
for (let round = 0; round < rounds; round += 1) {
  for (const row of rows) found.get(row)?.push(await play({ ...row, seconds, pin }))
}
process.exit(report() ? 0 : 1)

/** Prints the tables; false where something is missing, or the two are not apart. */
function report(): boolean {
  console.log(
    '| ten messages a second, tell | participants | lines/s to the server | lines/s from it ' +
      '| MB/s from it | server, cores | p50 ms | p99 ms | load busy | missing | refused |',
  )
  console.log('|---|---|---|---|---|---|---|---|---|---|---|')
  for (const [row, all] of found) console.log(lineOf(row, all))
  console.log(computedLine())
  console.log(`\n| lines/s, and bytes each | participants | ${DETAILS.join(' | ')} |`)
  console.log(`|---|---|${'---|'.repeat(DETAILS.length)}`)
  for (const [row, all] of found) if (row.telling !== 'nothing') console.log(detailsOf(row, all))
  const [ours, theirs] = [caused(ROWS[3]), caused(ROWS[4])]
  const apart = theirs.lines / ours.lines
  console.log(`\n- of ${few}: a message for each is ${short(apart)} × the lines`)
  const wrong = [...found.values()].flat().filter((one) => one.missing > 0 || one.refused > 0)
  return wrong.length === 0 && apart >= APART_MIN
}

function lineOf({ title, participants }: Row, all: readonly Found[]): string {
  const of = (value: (one: Found) => number | null) => short(middle(all.map(value)))
  const cells = [
    ...[title, short(participants)],
    ...[of((one) => total(one, ASKED).lines), of((one) => total(one, CAUSED).lines)],
    ...[of((one) => total(one, CAUSED).bytes / 1e6), of(({ cpu }) => cpu)],
    ...[of(({ p50 }) => p50), of(({ p99 }) => p99), of(({ loadBusy }) => loadBusy)],
    ...[sum(all, 'missing'), sum(all, 'refused')],
  ]
  return `| ${cells.join(' | ')} |`
}

/** Each of twice as many receipts goes to twice as many, and so on. */
function computedLine(): string {
  const { lines, bytes } = caused(ROWS[4])
  const asked = middle((found.get(ROWS[4] as Row) ?? []).map((one) => total(one, ASKED).lines))
  const times = many / few
  const cells = [short((asked ?? 0) * times), short(lines * times ** 2)]
  const rest = [short((bytes * times ** 2) / 1e6), '', '', '', '', '', '']
  return `| a message for each, computed | ${short(many)} | ${[...cells, ...rest].join(' | ')} |`
}

function detailsOf({ title, participants }: Row, all: readonly Found[]): string {
  const cells = DETAILS.map((kind) => {
    const counts = all.map((one) => total(one, [kind]))
    const lines = middle(counts.map((one) => one.lines)) ?? 0
    const bytes = middle(counts.map((one) => (one.lines ? one.bytes / one.lines : 0)))
    return lines === 0 ? '' : `${short(lines)}, ${Math.round(bytes ?? 0)} B`
  })
  return `| ${title} | ${short(participants)} | ${cells.join(' | ')} |`
}

function caused(row: Row | undefined): { lines: number; bytes: number } {
  const totals = (row && found.get(row))?.map((one) => total(one, CAUSED)) ?? []
  return {
    lines: middle(totals.map(({ lines }) => lines)) ?? 0,
    bytes: middle(totals.map(({ bytes }) => bytes)) ?? 0,
  }
}

function total({ perSecond }: Found, kinds: readonly Kind[]): { lines: number; bytes: number } {
  const some = kinds.map((kind) => perSecond.get(kind) ?? { lines: 0, bytes: 0 })
  return {
    lines: some.reduce((all, { lines }) => all + lines, 0),
    bytes: some.reduce((all, { bytes }) => all + bytes, 0),
  }
}

function sum(all: readonly Found[], what: 'missing' | 'refused'): string {
  return String(all.reduce((total, one) => total + one[what], 0))
}
