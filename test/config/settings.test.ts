// The tables of the docs say what the tables of settings and limits say: each row, in their order.
import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { OPTION_NAMES, SETTINGS, type Setting } from '../../src/config/settings.ts'
import { boundsOf } from '../../src/engine/bounds.ts'
import type { Allowance, Shared } from '../../src/engine/portions.ts'
import {
  DEFAULT_LIMITS,
  HEARTBEAT,
  LIMITS,
  type NumberSetting,
  REQUESTS_AHEAD_MAX,
} from '../../src/protocol/limits.ts'

/** The rows of the one table with this head. */
function rowsUnder(head: string, page: string): string[] {
  const lines = readFileSync(page, 'utf8').split('\n')
  const start = lines.indexOf(head) + 2
  const count = lines.slice(start).findIndex((line) => !line.startsWith('|'))
  return lines.slice(start, start + count)
}

function rowOf(name: string, { sentence, standard, unset }: Setting): string {
  const isNothing = standard === null || (Array.isArray(standard) && standard.length === 0)
  const otherwise = unset ?? (isNothing ? '' : `\`${standard}\``)
  return `| \`${name}\` | ${sentence} | ${otherwise} |`.replace('|  |', '| |')
}

test('README.md has every variable, with its meaning and what holds without it', async (t) => {
  const rows = Object.values(SETTINGS).map((row) => rowOf(row.variable, row))
  t.same(rowsUnder('| variable | meaning | if not set |', 'README.md'), rows)
})

test('docs/embedding.md has every option that is a setting, with the same words', async (t) => {
  const rows = OPTION_NAMES.map((name) => rowOf(name, SETTINGS[name]))
  t.same(rowsUnder('| setting | meaning | if not set |', 'docs/embedding.md'), rows)
})

test('README.md has every limit, with its meaning and default', async (t) => {
  const limits: [name: string, setting: NumberSetting][] = [
    ...Object.entries(LIMITS),
    ...Object.entries(HEARTBEAT),
  ]
  const rows = limits.map(([name, { sentence, standard, needed }]) => {
    const defaults = [standard?.toLocaleString('en'), needed ? undefined : '`null`']
    return `| \`${name}\` | ${sentence} | ${defaults.filter(Boolean).join(', or ')} |`
  })
  t.same(rowsUnder('| limit | meaning | default |', 'README.md'), rows)
})

test('README.md has every bound that cannot be set, and the parts of it', async (t) => {
  const most = (allowance: Allowance | null) =>
    [allowance?.count?.most, allowance?.bytes?.most]
      .filter((cap) => cap != null)
      .map((cap) => cap.toLocaleString('en'))
      .join('; ')
  const wanted = Object.values<object>(boundsOf(DEFAULT_LIMITS)).flatMap((bound) => {
    const { all, user, address } = bound as Partial<Shared>
    const { limit } = all?.count ?? all?.bytes ?? {}
    if (all == null || limit === undefined || limit in LIMITS) return []
    const parts = [all, user ?? null, address ?? null].map(most)
    return [[`\`${limit}\``, ...parts].join(' | ')]
  })
  const rows = rowsUnder('| limit | meaning | in all | of a user | of an address |', 'README.md')
  const found = rows.map((row) => {
    const [, limit, , ...parts] = row.split('|').map((cell) => cell.trim())
    return [limit, ...parts.slice(0, 3)].join(' | ')
  })
  t.same(
    found.toSorted(),
    [...wanted, `\`requestsAhead\` | ${REQUESTS_AHEAD_MAX} each |  | `].toSorted(),
  )
})

test('no two settings have one variable', async (t) => {
  const variables = Object.values(SETTINGS).map(({ variable }) => variable)
  t.equal(new Set(variables).size, variables.length)
})
